package cmd

import (
	"context"
	"os"
	"strings"

	"nidan/config"
)

// rotateAt reads the configuration again at each signal, and uses its new secrets, tokens and passwords, until ctx ends. If the
// configuration is not valid, nothing changes.
func (n *nidan) rotateAt(ctx context.Context, signals <-chan os.Signal, load func() (config.Config, error)) error {
	current := n.cfg
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-signals:
		}
		next, err := load()
		if err == nil {
			next, err = n.rotate(ctx, current, next)
		}
		if err != nil {
			n.log.ErrorContext(ctx, "the configuration was read anew, is not right, and changes nothing", "err", err)
			continue
		}
		current = next
	}
}

// rotate uses the new values of next that need no restart, and returns the configuration that is in use then.
func (n *nidan) rotate(ctx context.Context, current, next config.Config) (config.Config, error) {
	r, err := current.Rotate(next)
	if err != nil {
		return config.Config{}, err
	}
	// The two calls that can fail come first, so that a failure does not leave only some of the values changed. With a valid configuration,
	// neither fails.
	if err := n.keys.Replace(r.Config.Secrets); err != nil {
		return config.Config{}, err
	}
	if smtp := r.Config.Mail.SMTP; smtp != current.Mail.SMTP {
		if err := n.queue.Login(smtp.Username, smtp.Password); err != nil {
			return config.Config{}, err
		}
	}
	n.tokens.Replace(r.Config.Hooks.Tokens)
	if n.sent != nil {
		n.sent.SetToken(r.Config.DecisionLog.Token)
	}
	if n.told != nil {
		n.told.SetToken(r.Config.Status.Token)
	}
	n.log.InfoContext(ctx, "the configuration was read anew", "taken", strings.Join(r.Taken, ", "))
	if len(r.Waiting) > 0 {
		n.log.WarnContext(ctx, "keys have changed that need a restart", "keys", strings.Join(r.Waiting, ", "))
	}
	return r.Config, nil
}
