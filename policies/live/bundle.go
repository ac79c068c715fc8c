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

// BundleConfig says where to download a bundle, in the terms of OPA's configuration.
type BundleConfig struct {
	URL         string        // address of the bundle, a gzipped tar archive
	Token       string        // bearer token (RFC 6750); empty: none
	PublicKey   string        // file with a public key (PEM); empty: bundles need no signature
	Algorithm   string        // of the signature, as JWS names it (RFC 7518 §3.1): RS256, ES256 and the like
	Scope       string        // the scope that the signature must have
	MinDelay    time.Duration // the least time between two requests, in whole seconds; each time is chosen at random between MinDelay and MaxDelay
	MaxDelay    time.Duration
	LongPolling time.Duration // how long the server may hold a request until there is a new bundle, in whole seconds; 0: no long polling
	KeepDir     string        // folder for the last activated bundle and the time when the newest bundle was signed; empty: neither is kept
	AllowOlder  bool          // a bundle that is older than the newest may decide
}

// Bundle is a downloaded bundle of policies that decide.
type Bundle struct {
	policies *Policies
	config   BundleConfig
	verify   *bundle.VerificationConfig // nil: no signature is required
	source   Source
	etag     string    // of the deciding bundle
	newest   time.Time // when the newest bundle that has decided was signed; zero: no bundle gave a time
}

// keyName is OPA's name for the configured key.
const keyName = "policies"

// Bundle returns a bundle that was not asked for yet.
func (p *Policies) Bundle(c BundleConfig) (*Bundle, error) {
	b := &Bundle{policies: p, config: c}
	at, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("the address of the policies' bundle cannot be read") // not wrapped: the address may contain a secret
	}
	// The query of an address may contain a secret, for example in the signed addresses of object stores. So the source leaves it
	// out.
	b.source = Source{FromBundle, at.Scheme + "://" + at.Host + at.Path}
	if c.PublicKey == "" {
		return b, nil
	}
	pem, err := os.ReadFile(c.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("read the public key of the policies' bundle: %w", err)
	}
	key := &keys.Config{Key: string(pem), Algorithm: c.Algorithm, Scope: c.Scope}
	// With a named key, OPA uses this key and ignores the key ID in the signature.
	b.verify = bundle.NewVerificationConfig(map[string]*keys.Config{keyName: key}, keyName, c.Scope, nil)
	if err := b.recall(); err != nil {
		return nil, err
	}
	return b, nil
}

// Run downloads the bundle until ctx ends. Its policies decide if they pass the gate.
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
		// A new downloader asks at once. OPA's Trigger, which makes a running one ask again, may run into a request that is already
		// going on.
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

// offered takes the result of a request. After an error, OPA waits longer before each further request. Without this error, a server
// with long polling would be asked for a refused bundle again and again without a pause.
func (b *Bundle) offered(ctx context.Context, d *download.Downloader, u download.Update) error {
	b.policies.downloaded(u.Error == nil, u.Bundle != nil)
	if u.Error != nil {
		d.SetCache(b.etag)
		err := u.Error
		if without := (*url.Error)(nil); errors.As(err, &without) {
			err = without.Err // without the address, which may contain a secret
		}
		b.policies.troubled(ctx, fmt.Sprintf("%s cannot be had: %v", b.source, err))
		return u.Error
	}
	b.policies.troubled(ctx, "")
	if u.Bundle == nil {
		if b.etag != "" { // the server's bundle is the one that decides
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
		// Ask with the tag of the older bundle: when the server goes back to that bundle, it answers that nothing is new.
		d.SetCache(b.etag)
		return err
	}
	b.etag = u.ETag
	if activated || signed.After(b.newest) { // the same policies with a newer signature
		b.keep(ctx, u.Raw, signed)
	}
	return nil
}

// set returns the policies of a verified bundle, and the time of its signature. A set may come together with an error: the refusal
// then names its revision.
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
