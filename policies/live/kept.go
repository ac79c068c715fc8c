package live

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"

	"nidan/policies"
)

func (b *Bundle) kept() string { return filepath.Join(b.config.KeepDir, "policies.tar.gz") }

// keep remembers a bundle that decides, also for the next start. If the bundle cannot be written, it still decides.
func (b *Bundle) keep(ctx context.Context, raw io.Reader, signed time.Time) {
	if b.verify != nil && signed.IsZero() {
		b.policies.log.WarnContext(ctx, "the policies' bundle does not say when it was signed (iat): an older one will not be told from it")
	}
	if signed.After(b.newest) {
		b.newest = signed
	}
	if b.config.KeepDir == "" {
		return
	}
	// The bundle is written first. Otherwise, after a crash between the two writes, the kept bundle would be older than the newest
	// one, and refused.
	err := b.write(b.kept(), raw)
	if err == nil {
		err = b.writeNewest()
	}
	if err != nil {
		b.policies.log.WarnContext(ctx, "the policies are not kept for the next start", "err", err)
	}
}

func (b *Bundle) write(path string, content io.Reader) error {
	if err := os.MkdirAll(b.config.KeepDir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(b.config.KeepDir, filepath.Base(path)+"-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := io.Copy(f, content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Kept offers the bundle that was activated last before this start. The gate, the signature and the age are checked again, because
// the folder may be less protected than the program. If no bundle was kept, nothing happens.
func (b *Bundle) Kept(ctx context.Context) error {
	if b.config.KeepDir == "" {
		return nil
	}
	f, err := os.Open(b.kept())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the policies that were kept: %w", err)
	}
	defer f.Close()
	var signed time.Time
	_, err = b.policies.offer(ctx, Source{FromKept, b.source.String()}, func() (set *policies.Set, err error) {
		archive, err := policies.Archive(f)
		if err != nil {
			return nil, err
		}
		read, err := bundle.NewCustomReader(bundle.NewTarballLoaderWithBaseURL(bytes.NewReader(archive), "")).
			WithBundleVerificationConfig(b.verify).Read()
		if err != nil {
			return nil, err
		}
		set, signed, err = b.set(&read)
		return set, err
	})
	if err != nil || !signed.After(b.newest) {
		return err
	}
	b.newest = signed
	return b.writeNewest()
}
