package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"nidan/policies/replay"
	"nidan/records"
	"nidan/store"
)

// bar returns the progress bar of a replay.
func (r *replayed) bar(total int64, options ...progressbar.Option) *progressbar.ProgressBar {
	return newBar(r.err(), "deciding again", total, options...)
}

// newBar returns a progress bar. It shows nothing if on is not a terminal.
func newBar(on io.Writer, what string, total int64, options ...progressbar.Option) *progressbar.ProgressBar {
	if f, ok := on.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		return progressbar.DefaultSilent(total)
	}
	return progressbar.NewOptions64(total, append(options, progressbar.OptionSetWriter(on), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))...)
}

// ofFile replays an export of the records. It sorts the records by time, because the console writes the newest record first.
func (r *replayed) ofFile(ctx context.Context, t replay.Trial, d *replay.Differences, since time.Time) error {
	f, size := os.Stdin, int64(-1)
	if r.file != "-" {
		var err error
		if f, err = os.Open(r.file); err != nil {
			return orNotFound(fmt.Errorf("read the records: %w", err))
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
	}
	bar := r.bar(size, progressbar.OptionShowBytes(true))
	defer bar.Close()
	return t.Run(ctx, replay.InOrder(replay.Lines(io.TeeReader(f, bar), since)), d, nil)
}

// ofLog replays a decision log. It sorts the decisions by time, because each process has written files of its own.
func (r *replayed) ofLog(ctx context.Context, t replay.Trial, d *replay.Differences, since time.Time) error {
	files, err := filesOf(r.log)
	if err != nil {
		return orNotFound(fmt.Errorf("read the decision log: %w", err))
	}
	bar := r.bar(int64(len(files)))
	defer bar.Close()
	return t.Run(ctx, replay.InOrder(func(yield func(replay.Recorded, error) bool) {
		for _, file := range files {
			if !fileOfLog(file, since, yield) {
				return
			}
			_ = bar.Add(1)
		}
	}), d, nil)
}

// filesOf returns the files in a folder and its subfolders, or the file at path. It skips names that begin with a dot.
func filesOf(path string) (files []string, err error) {
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != path && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			files = append(files, name)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = errors.New("there is no file in " + path)
	}
	return files, err
}

func fileOfLog(file string, since time.Time, yield func(replay.Recorded, error) bool) (goOn bool) {
	f, err := os.Open(file)
	if err != nil {
		return yield(replay.Recorded{}, fmt.Errorf("read the decision log: %w", err))
	}
	defer f.Close()
	for one, err := range replay.DecisionLog(f, since) {
		if err != nil {
			err = fmt.Errorf("%s: %w", file, err)
		}
		if !yield(one, err) {
			return false
		}
	}
	return true
}

func (r *replayed) ofDatabase(ctx context.Context, t replay.Trial, d *replay.Differences, database string, since time.Time) error {
	st, err := openToRead(ctx, database)
	if err != nil {
		return err
	}
	defer st.Close()
	total, err := st.CountRecords(ctx, records.Filter{From: since})
	if err != nil {
		return err
	}
	bar := r.bar(int64(total))
	defer bar.Close()
	return t.Run(ctx, signIns(ctx, st, since, total), d, func(n int) { _ = bar.Set(n) })
}

// readAtOnce is the approximate number of records in one read. During a long read, SQLite cannot checkpoint its write-ahead log.
const readAtOnce = 2000

// signIns returns the recorded sign-ins since a time, and the records of forgotten devices, in the order of time. The store returns the
// newest records first, so signIns divides the time into parts with about readAtOnce records each, and reads one part after the other.
func signIns(ctx context.Context, st *store.Store, since time.Time, total int) iter.Seq2[replay.Recorded, error] {
	return func(yield func(replay.Recorded, error) bool) {
		end := now()
		part := max(time.Second, end.Sub(since)/time.Duration(total/readAtOnce+1)+1)
		for from := since; !from.After(end); from = from.Add(part) {
			found, err := recordsOf(ctx, st, from, from.Add(part))
			if err != nil {
				yield(replay.Recorded{}, err)
				return
			}
			for _, r := range slices.Backward(found) {
				if replay.Counts(r.Kind) && !yield(replay.Recorded{
					ID: r.ID, At: r.At, Kind: r.Kind, Account: r.Account, Name: r.Name, Flow: r.Flow, State: r.State, Detail: r.Detail,
				}, nil) {
					return
				}
			}
		}
	}
}

// recordsOf returns the records between two times, the newest first.
func recordsOf(ctx context.Context, st *store.Store, from, to time.Time) (all []records.Record, err error) {
	f := records.Filter{From: from, To: to, Limit: readAtOnce}
	for {
		found, err := st.Records(ctx, f)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(found) < readAtOnce {
			return all, nil
		}
		f.Before = found[len(found)-1].ID
	}
}
