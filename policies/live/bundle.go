package live

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/download"
	"github.com/open-policy-agent/opa/v1/keys"

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
	for {
		// One begins by asking. OPA's own way to have it ask again may meet what is being asked already.
		d := download.New(config, client, path).WithBundleVerificationConfig(b.verify).WithBundlePersistence(true)
		d.WithCallback(func(_ context.Context, u download.Update) error { return b.offered(ctx, d, u) })
		d.SetCache(b.etag)
		d.Start(ctx)
		select {
		case <-ctx.Done():
			d.Stop(ctx)
			return nil
		case <-b.policies.hurry:
			d.Stop(ctx)
		}
	}
}

func seconds(d time.Duration) *int64 {
	n := int64(d / time.Second)
	return &n
}

// offered takes what a download has brought. An error has OPA wait longer and longer before it asks again; otherwise a server
// that is asked to wait until there is something new would be asked for a refused bundle without end.
func (b *Bundle) offered(ctx context.Context, d *download.Downloader, u download.Update) error {
	b.policies.downloaded(u.Error == nil, u.Bundle != nil)
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
