package cmd

import (
	"context"
	"os"
	"strings"

	"nidan/config"
)

// rotateAt takes secrets, tokens and passwords anew at each signal, until ctx ends. What is not right in the configuration that is read
// then changes nothing.
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

// rotate takes what is other in next and can be taken, and returns what counts then.
func (n *nidan) rotate(ctx context.Context, current, next config.Config) (config.Config, error) {
	r, err := current.Rotate(next)
	if err != nil {
		return config.Config{}, err
	}
	// The two that can fail come first. Neither does so with a configuration that is valid, so that nothing is taken by half.
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
