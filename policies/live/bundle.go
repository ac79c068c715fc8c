package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/download"
	"github.com/open-policy-agent/opa/v1/keys"
	"github.com/open-policy-agent/opa/v1/logging"
	"github.com/open-policy-agent/opa/v1/plugins/rest"

	"nidan/policies"
)

// BundleConfig says where a bundle is to be had, as the configuration of an OPA does.
type BundleConfig struct {
	URL         string        // of the bundle, a gzipped tar archive
	Token       string        // bearer token (RFC 6750); empty: none
	PublicKey   string        // file with a public key (PEM); empty: bundles need not be signed
	Algorithm   string        // of the signature, as JWS names it (RFC 7518 §3.1): RS256, ES256 and the like
	Scope       string        // that the signature must have
	MinDelay    time.Duration // between one look and the next, in whole seconds; it is chosen at random between the two
	MaxDelay    time.Duration
	LongPolling time.Duration // how long the server may keep a request until there is something new, in whole seconds; 0: it is not asked to
	KeepDir     string        // where the last bundle that was activated is kept, and when the newest was signed; empty: nowhere
	AllowOlder  bool          // one that is older than the newest may decide
}

// Bundle is a bundle whose policies decide.
type Bundle struct {
	policies *Policies
	config   BundleConfig
	verify   *bundle.VerificationConfig // nil: no signature is asked for
	source   Source
	etag     string    // of the bundle that decides
	newest   time.Time // when the newest one was signed that has decided; zero: none said so
}

// keyName is what the one key is called.
const keyName = "policies"

// Bundle returns a bundle that has not been asked for yet.
func (p *Policies) Bundle(c BundleConfig) (*Bundle, error) {
	b := &Bundle{policies: p, config: c}
	at, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("the address of the policies' bundle cannot be read") // it may hold a secret
	}
	// What follows in an address may be a secret, as in those that object stores sign.
	b.source = Source{FromBundle, at.Scheme + "://" + at.Host + at.Path}
	if c.PublicKey == "" {
		return b, nil
	}
	pem, err := os.ReadFile(c.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("read the public key of the policies' bundle: %w", err)
	}
	key := &keys.Config{Key: string(pem), Algorithm: c.Algorithm, Scope: c.Scope}
	// Named here, the key is used whatever a signature says of its own.
	b.verify = bundle.NewVerificationConfig(map[string]*keys.Config{keyName: key}, keyName, c.Scope, nil)
	if err := b.recall(); err != nil {
		return nil, err
	}
	return b, nil
}

// Run asks for the bundle until ctx ends, and has its policies decide, if they pass the gate.
func (b *Bundle) Run(ctx context.Context) error {
	client, path, err := b.client()
	if err != nil {
		return err
	}
	config := download.Config{Polling: download.PollingConfig{
		MinDelaySeconds: seconds(b.config.MinDelay), MaxDelaySeconds: seconds(b.config.MaxDelay),
	}}
	if b.config.LongPolling > 0 {
		config.Polling.LongPollingTimeoutSeconds = seconds(b.config.LongPolling)
	}
	if err := config.ValidateAndInjectDefaults(); err != nil {
		return fmt.Errorf("configure the download of the policies: %w", err)
	}
	d := download.New(config, client, path).WithBundleVerificationConfig(b.verify).WithBundlePersistence(true)
	d.WithCallback(func(_ context.Context, u download.Update) error { return b.offered(ctx, d, u) })
	d.Start(ctx)
	<-ctx.Done()
	d.Stop(ctx)
	return nil
}

func seconds(d time.Duration) *int64 {
	n := int64(d / time.Second)
	return &n
}

func (b *Bundle) client() (rest.Client, string, error) {
	at, err := url.Parse(b.config.URL)
	if err != nil {
		return rest.Client{}, "", errors.New("the address of the policies' bundle cannot be read")
	}
	raw, err := json.Marshal(map[string]any{
		"url": at.Scheme + "://" + at.Host, "credentials": map[string]any{"plugin": "bounded"},
	})
	if err != nil {
		return rest.Client{}, "", fmt.Errorf("configure the download of the policies: %w", err)
	}
	client, err := rest.New(raw, nil, rest.Logger(logging.NewNoOpLogger()),
		rest.AuthPluginLookup(func(string) rest.HTTPAuthPlugin { return asking{b.config.Token} }))
	if err != nil {
		return rest.Client{}, "", fmt.Errorf("configure the download of the policies: %w", err)
	}
	return client, at.RequestURI(), nil
}

// asking is how OPA's client asks for a bundle: with the token, and in a way that OPA is given no answer before it is known to be
// within bounds.
type asking struct{ token string }

// NewClient implements [rest.HTTPAuthPlugin].
func (a asking) NewClient(c rest.Config) (*http.Client, error) {
	t, err := rest.DefaultTLSConfig(c)
	if err != nil {
		return nil, err
	}
	client := rest.DefaultRoundTripperClient(t, *c.ResponseHeaderTimeoutSeconds)
	client.Transport = boundedTransport{client.Transport}
	return client, nil
}

// Prepare implements [rest.HTTPAuthPlugin].
func (a asking) Prepare(r *http.Request) error {
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	}
	return nil
}

// boundedTransport hands on answers that are within bounds.
type boundedTransport struct{ http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := t.RoundTripper.RoundTrip(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		return answer, err
	}
	defer answer.Body.Close()
	archive, err := policies.Archive(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(archive))
	return answer, nil
}

// offered takes what a download has brought. An error has OPA wait longer and longer before it asks again; otherwise a server
// that is asked to wait until there is something new would be asked for a refused bundle without end.
func (b *Bundle) offered(ctx context.Context, d *download.Downloader, u download.Update) error {
	if u.Error != nil {
		d.SetCache(b.etag)
		err := u.Error
		if without := (*url.Error)(nil); errors.As(err, &without) {
			err = without.Err // without the address
		}
		b.policies.troubled(ctx, fmt.Sprintf("%s cannot be had: %v", b.source, err))
		return u.Error
	}
	b.policies.troubled(ctx, "")
	if u.Bundle == nil {
		if b.etag != "" { // what is offered now is what decides
			b.policies.settle()
		}
		return nil
	}
	var signed time.Time
	activated, err := b.policies.offer(ctx, b.source, func() (set *policies.Set, err error) {
		set, signed, err = b.set(u.Bundle)
		return set, err
	})
	if err != nil {
		// Under the older bundle's tag: a server that goes back to that has nothing new to say.
		d.SetCache(b.etag)
		return err
	}
	b.etag = u.ETag
	if activated || signed.After(b.newest) { // the same policies, signed anew
		b.keep(ctx, u.Raw, signed)
	}
	return nil
}

// set is the policies of a bundle that has been verified, and when it was signed. With an error, there may be policies: for their
// revision.
func (b *Bundle) set(read *bundle.Bundle) (set *policies.Set, signed time.Time, err error) {
	if read.Type() == bundle.DeltaBundleType {
		return nil, signed, errors.New("it is a delta bundle, which cannot be signed: a whole one is needed")
	}
	if set, err = policies.FromBundle(read); err != nil || b.verify == nil {
		return set, signed, err
	}
	if signed, err = signedAt(read); err == nil {
		err = b.checkAge(signed)
	}
	return set, signed, err
}

func (b *Bundle) kept() string { return filepath.Join(b.config.KeepDir, "policies.tar.gz") }

// keep remembers a bundle that decides, also for the next start. That it cannot do so is no reason not to use it.
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
	// In this order: the other way round, a start in between would find a bundle that is too old.
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

// Kept has the bundle decide that was activated last, before this start. It goes through the gate again, and its signature and its age
// are checked again: the folder may not be as well guarded as the program. Where none was kept, nothing is done.
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
	_, err = b.policies.offer(ctx, Source{FromKept, b.source.Where}, func() (set *policies.Set, err error) {
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
