package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"nidan/mail/catcher"
)

// mailcatcherCommand runs the demo's mail catcher alone, for somebody who tries Nidan in front of their own Kratos.
func mailcatcherCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "mailcatcher",
		Annotations: map[string]string{untilStopped: "yes"},
		Short:       "Accept and show mails in place of a mail server, to try Nidan on this machine",
		Long: `Accepts each mail at the address --smtp and forwards none. It shows the mails as a page at the address --http, and as JSON at
/mail.json there. The mails are in memory only and are gone when the command ends. There is no password, so the command listens on this
machine only.`,
		Args: cobra.NoArgs,
	}
	smtp := c.Flags().String("smtp", loopback(demoSMTPPort), "address of the SMTP server")
	page := c.Flags().String("http", "127.0.0.1:4438", "address of the page with the mails")
	c.RunE = func(c *cobra.Command, _ []string) error {
		mails, err := listenHere(c.Context(), *smtp)
		if err != nil {
			return err
		}
		pages, err := listenHere(c.Context(), *page)
		if err != nil {
			return errors.Join(err, mails.Close())
		}
		fmt.Fprintf(c.OutOrStdout(), "mail is taken at %s and shown at http://%s\n", mails.Addr(), pages.Addr())
		return catchMail(c.Context(), mails, pages)
	}
	return c
}

// listenHere listens on a loopback address and refuses any other: everybody who can reach the catcher can read the codes.
func listenHere(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err == nil && !net.ParseIP(host).IsLoopback() {
		err = errors.New("it is no address of this machine's own, such as 127.0.0.1")
	}
	if err != nil {
		return nil, usage(fmt.Errorf("listen on %q: %w", address, err))
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("catch mail: %w", err)
	}
	return l, nil
}

// catchMail accepts and shows mails until ctx ends.
func catchMail(ctx context.Context, mails, pages net.Listener) error {
	mailbox := catcher.New()
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", mailbox.Page())
	mux.Handle("GET /mail.json", mailbox.JSON())
	web := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	parts, ctx := errgroup.WithContext(ctx)
	parts.Go(func() error { return mailbox.Serve(mails) })
	parts.Go(func() error {
		if err := web.Serve(pages); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("show the mails: %w", err)
		}
		return nil
	})
	parts.Go(func() error {
		<-ctx.Done()
		return errors.Join(mailbox.Close(), web.Close())
	})
	return parts.Wait()
}
