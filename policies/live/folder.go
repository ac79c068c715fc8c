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
	// lookEvery is how often a folder's contents are compared. Network file systems do not report changes.
	lookEvery = 10 * time.Second
	// quietFor is how long a folder must be without changes before it is read. A change usually has several files and several
	// writes.
	quietFor = 200 * time.Millisecond
)

// errUnsettled is the error for a folder that changes while it is read.
var errUnsettled = errors.New("the folder is being changed")

// Folder is a watched folder: a whole set of policies, or a layer over the shipped set.
type Folder struct {
	policies *Policies
	source   Source
	dir      string // the watched folder
	files    fs.FS
	load     func(fs.FS) (*policies.Set, error)
	every    time.Duration
	seen     [sha256.Size]byte // digest of the files that were offered last
}

// Folder returns a folder with a whole set, which was not read yet.
func (p *Policies) Folder(dir string) *Folder {
	return &Folder{
		policies: p, source: Source{FromFolder, dir}, dir: dir, files: policies.Folder(dir), load: policies.Load, every: lookEvery,
	}
}

// Layer returns the shipped policies with a layer over them, which was not read yet. The layer is a folder, or a data file.
func (p *Policies) Layer(name string) *Folder {
	files, dir := policies.Layer(name)
	load := func(layer fs.FS) (*policies.Set, error) { return policies.Over(policies.Shipped(), layer) }
	return &Folder{policies: p, source: Source{FromLayer, name}, dir: dir, files: files, load: load, every: lookEvery}
}

// Try returns a folder for a shadow: it may hold a whole set, or a layer over the shipped set.
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

// Look reads the folder. If its policies have changed and pass the gate, they decide from now on. [Status] keeps the reason of a
// refusal.
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

// Start is the first [Folder.Look]. If the folder's policies are refused, the set that decided before the start decides, and the
// folder is looked at again later. The error is then nil, and [Status] has the refusal. The function before returns the files of
// that set, or none.
func (f *Folder) Start(ctx context.Context, before func(source string) ([]policies.File, error)) error {
	refused := f.Look(ctx)
	if f.policies.active.Load() != nil {
		return nil // the older set may decide while this one waits for approval
	}
	if !errors.Is(refused, policies.ErrRefused) {
		return refused
	}
	files, err := before(f.source.String())
	if err != nil || files == nil {
		return errors.Join(refused, err)
	}
	if err := f.policies.Restore(ctx, f.source.String(), files); err != nil && f.policies.active.Load() == nil {
		return refused // the older set cannot decide either
	}
	f.seen = [sha256.Size]byte{} // look again, so that the folder's refusal stays in the status
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
	// A set that was too slow on a busy machine may be fast enough next time. That set, a set that waits, and a set with an unknown
	// result are offered again.
	known := err == nil || errors.Is(err, policies.ErrRefused)
	if known && !errors.Is(err, errUnsettled) && !errors.Is(err, policies.ErrTooSlow) && ctx.Err() == nil {
		f.seen = before
	}
	return err
}

// Watch looks after each change in the folder, until ctx ends.
func (f *Folder) Watch(ctx context.Context) error {
	var events <-chan fsnotify.Event
	var missed <-chan error // the watcher lost some changes
	follow := func() {}
	if w, err := fsnotify.NewWatcher(); err == nil {
		defer w.Close()
		events, missed, follow = w.Events, w.Errors, func() { f.follow(w) }
	} else { // some systems allow few watchers
		f.policies.log.WarnContext(ctx, "changes of the policies' folder are noticed late", "every", f.every, "err", err)
	}
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	for {
		follow() // before looking: a change after this is noticed
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

// follow watches all folders inside the folder, including new ones. Adding a watched folder again has no effect. A folder that
// cannot be watched is still compared at every look.
func (f *Folder) follow(w *fsnotify.Watcher) {
	_ = fs.WalkDir(f.files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = w.Add(filepath.Join(f.dir, path))
		}
		return err
	})
}

// untilQuiet waits until there was no event for [quietFor].
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

// digest returns a digest of a folder's contents, to find changes. It does not use file times, which are not reliable on all file
// systems.
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
