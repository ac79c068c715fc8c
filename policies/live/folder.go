package live

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"nidan/policies"
)

const (
	// lookEvery is how often a folder's contents are compared where nothing tells of a change: network file systems do not.
	lookEvery = 10 * time.Second
	// quietFor is how long nothing may happen in a folder before it is read: a change is seldom one file, and seldom one write.
	quietFor = 200 * time.Millisecond
)

// errUnsettled is the error of a folder that changes while it is read.
var errUnsettled = errors.New("the folder is being changed")

// Folder is a folder whose policies decide, or a layer over the policies that ship.
type Folder struct {
	policies *Policies
	source   Source
	dir      string // that is watched
	files    fs.FS
	load     func(fs.FS) (*policies.Set, error)
	every    time.Duration
	seen     [sha256.Size]byte // what the files were when they were last offered
}

// Folder returns a folder that has not been looked at yet.
func (p *Policies) Folder(dir string) *Folder {
	return &Folder{
		policies: p, source: Source{FromFolder, dir}, dir: dir, files: policies.Folder(dir), load: policies.Load, every: lookEvery,
	}
}

// Layer returns the policies that ship with a layer over them, which has not been looked at yet: a folder, or a file of data.
func (p *Policies) Layer(name string) *Folder {
	files, dir := policies.Layer(name)
	load := func(layer fs.FS) (*policies.Set, error) { return policies.Over(policies.Shipped(), layer) }
	return &Folder{policies: p, source: Source{FromLayer, name}, dir: dir, files: files, load: load, every: lookEvery}
}

// Try returns a folder whose policies are tried and do not decide: a whole set of them, or a layer over those that ship.
func (p *Policies) Try(dir string) *Folder {
	f := p.Folder(dir)
	f.load = func(files fs.FS) (*policies.Set, error) {
		if policies.IsLayer(files) {
			return policies.Over(policies.Shipped(), files)
		}
		return policies.Load(files)
	}
	return f
}

// Look has the policies of the folder decide, if they have changed and pass the gate. Why not is kept, too, for [Status].
func (f *Folder) Look(ctx context.Context) error {
	err := f.look(ctx)
	for range 5 {
		if !errors.Is(err, errUnsettled) {
			break
		}
		wait(ctx, quietFor)
		err = f.look(ctx)
	}
	return err
}

// Start looks for the first time. Where the folder's policies are refused, those decide that did before, and the folder is looked at
// again; the error is then nil, and [Status] has the refusal. Before has the files of that set; it returns none where there is none.
func (f *Folder) Start(ctx context.Context, before func(source string) ([]policies.File, error)) error {
	refused := f.Look(ctx)
	if f.policies.active.Load() != nil {
		return nil // it may be another set: the one that decided before goes on where this one has to be approved of
	}
	if !errors.Is(refused, policies.ErrRefused) {
		return refused
	}
	files, err := before(f.source.String())
	if err != nil || files == nil {
		return errors.Join(refused, err)
	}
	if err := f.policies.Restore(ctx, f.source.String(), files); err != nil && f.policies.active.Load() == nil {
		return refused // nor can those of before decide
	}
	f.seen = [sha256.Size]byte{} // for its refusal to be the last word
	_ = f.Look(ctx)
	return nil
}

func (f *Folder) look(ctx context.Context) error {
	before, unreadable := digest(f.files)
	if unreadable == nil && before == f.seen {
		return nil
	}
	_, err := f.policies.offer(ctx, f.source, func() (*policies.Set, error) {
		if unreadable != nil {
			return nil, unreadable
		}
		set, err := f.load(f.files)
		if after, e := digest(f.files); e != nil || after != before {
			return nil, errUnsettled
		}
		return set, err
	})
	// What took too long on a machine that was busy may not the next time. What waits, and what nothing was found out about, is offered again.
	known := err == nil || errors.Is(err, policies.ErrRefused)
	if known && !errors.Is(err, errUnsettled) && !errors.Is(err, policies.ErrTooSlow) && ctx.Err() == nil {
		f.seen = before
	}
	return err
}

// Watch looks whenever something changes in the folder, until ctx ends.
func (f *Folder) Watch(ctx context.Context) error {
	var events <-chan fsnotify.Event
	var missed <-chan error // some changes were not told
	follow := func() {}
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer w.Close()
		events, missed, follow = w.Events, w.Errors, func() { f.follow(w) }
	} else { // there are few to be had on some systems
		f.policies.log.WarnContext(ctx, "changes of the policies' folder are noticed late", "every", f.every, "err", err)
	}
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		follow() // before looking, so that nothing changes in between unnoticed
		if err := f.Look(ctx); errors.Is(err, errUnsettled) {
			f.policies.log.InfoContext(ctx, "the policies' folder does not come to rest, and is looked at later", "folder", f.dir)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-events:
			untilQuiet(ctx, events)
		case <-missed:
		case <-f.policies.hurry:
		case <-tick.C:
		}
	}
}

// follow watches each folder in the folder: those that came since, too. To watch one twice is to watch it once. What cannot be
// watched is compared all the same.
func (f *Folder) follow(w *fsnotify.Watcher) {
	_ = fs.WalkDir(f.files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = w.Add(filepath.Join(f.dir, path))
		}
		return err
	})
}

// untilQuiet waits until nothing has happened for a while.
func untilQuiet(ctx context.Context, events <-chan fsnotify.Event) {
	quiet := time.NewTimer(quietFor)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			return
		case <-events:
			quiet.Reset(quietFor)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// digest tells whether anything in a folder has changed: its contents count, since times are not the same everywhere.
func digest(files fs.FS) (sum [sha256.Size]byte, err error) {
	h, n := sha256.New(), 0
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if n++; n > policies.MostFiles {
			return fmt.Errorf("there are more than %d files: this is no folder of policies", policies.MostFiles)
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(h, "%q %q\n", path, sha256.Sum256(text))
		return err
	})
	if err != nil {
		return sum, fmt.Errorf("read the policies: %w", err)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
