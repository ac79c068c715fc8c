package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"nidan/kratos"
	"nidan/mail/catcher"
)

const (
	password = "nidan-bench-2026"
	people   = 60 // accounts of each kind: those that are asked for a code are sent five in ten minutes, at most
	// Kratos keeps a transaction open while it asks the hook, and on SQLite has one at a time: more at once would wait for each other.
	atOnce = 1
)

// door is a Kratos with Nidan in front of its sign-in.
type door struct {
	dir     string
	url     string // Kratos' public API
	kratos  *kratos.Process
	nidan   *server
	mailbox *catcher.Catcher
	client  *http.Client
}

// wholeSignIns measures sign-ins through the real Kratos: what they cost it, and what they cost Nidan.
func (b *bench) wholeSignIns(ctx context.Context) error {
	d, err := b.door(ctx)
	if err != nil {
		return err
	}
	defer d.close()
	if _, err := d.signIns(ctx, 20, d.allowed); err != nil {
		return err
	}
	b.results.add("## Whole sign-ins, through a real Kratos\n\n")
	b.results.add("Native clients, %d at a time, Kratos on SQLite too, passwords hashed as cheaply as can be (bcrypt 4). Kratos and Nidan share a core.\n\n", atOnce)
	b.results.add("| sign-in | n | per second | Kratos' CPU each | Nidan's CPU each | Nidan ÷ Kratos |\n|---|---|---|---|---|---|\n")
	row := func(name string, c costs) {
		b.results.add("| %s | %d | %.0f | %.2f ms | %.2f ms | %.2f |\n", name, c.n, c.perSec, ms(c.kratos), ms(c.nidan), ms(c.nidan)/ms(c.kratos))
	}
	n := int64(400 * b.rounds)
	allowed, err := d.signIns(ctx, n, d.allowed)
	if err != nil {
		return fmt.Errorf("allowed: %w", err)
	}
	row("allowed by Nidan", allowed)
	withCode, err := d.signIns(ctx, 3*people, d.withCode)
	if err != nil {
		return fmt.Errorf("with a code: %w", err)
	}
	row("with a code from the mail: two submissions", withCode)
	if err := d.withoutNidan(ctx); err != nil {
		return err
	}
	alone, err := d.signIns(ctx, n, d.allowed)
	if err != nil {
		return fmt.Errorf("without Nidan: %w", err)
	}
	row("the same Kratos without the hook: password alone", alone)
	b.results.add("\nSign-ins per second, allowed by Nidan ÷ password alone: %.2f. Kratos' own `code` as a second factor is not measured here.\n\n", allowed.perSec/alone.perSec)
	b.results.reached(goalKratos, "%.2f (%.2f of %.2f ms)", ms(allowed.nidan)/ms(allowed.kratos), ms(allowed.nidan), ms(allowed.kratos))
	return nil
}

func (b *bench) door(ctx context.Context) (_ *door, err error) {
	binary, err := kratos.Build(ctx, func(step string) { fmt.Println(step) })
	if err != nil {
		return nil, err
	}
	d := &door{client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}}
	defer func() {
		if err != nil {
			d.close()
		}
	}()
	if d.dir, err = b.folder(); err != nil {
		return nil, err
	}
	var smtp string
	if d.mailbox, smtp, err = mailServer(); err != nil {
		return nil, err
	}
	public, admin := freeAddress(), freeAddress()
	d.url = "http://" + public
	d.nidan, err = b.nidan(ctx, d.dir, smtp, func(p *program) {
		p.env = append(p.env, "NIDAN_KRATOS_PUBLIC_URL="+d.url, "NIDAN_KRATOS_ADMIN_URL=http://"+admin)
	})
	if err != nil {
		return nil, err
	}
	os.Setenv("HASHERS_BCRYPT_COST", "4") // Kratos is started with this program's environment
	defer os.Unsetenv("HASHERS_BCRYPT_COST")
	d.kratos, err = kratos.Start(ctx, binary, d.dir, kratos.Run{
		PublicPort: port(public), AdminPort: port(admin), BaseURL: d.url, HookURL: "http://" + d.nidan.address, HookToken: hookToken,
		DSN: "sqlite://" + filepath.Join(d.dir, "kratos.db") + "?_fk=true&mode=rwc", Secret: secret,
	})
	if err != nil {
		return nil, err
	}
	if pinning {
		if err := exec.CommandContext(ctx, "taskset", "-a", "-p", "-c", "0", strconv.Itoa(d.kratos.PID())).Run(); err != nil {
			return nil, fmt.Errorf("put Kratos on the first core: %w", err)
		}
	}
	making := kratos.NewAdmin("http://" + admin)
	for i := range people {
		for kind, twoFactor := range map[string]bool{"plain": false, "agent": true} {
			name := fmt.Sprintf("%s-%d", kind, i)
			a := kratos.Account{Account: name, Name: name, Email: name + "@example.com", Role: "user", TwoFactor: twoFactor, Password: password}
			if _, err := making.CreateAccount(ctx, a); err != nil {
				return nil, err
			}
		}
	}
	return d, nil
}

func port(address string) int {
	_, said, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(said)
	return n
}

func (d *door) close() {
	if d.kratos != nil {
		d.kratos.Stop()
	}
	if d.nidan != nil {
		d.nidan.stop()
	}
	if d.mailbox != nil {
		d.mailbox.Close()
	}
	os.RemoveAll(d.dir)
}

// withoutNidan takes the hook out of Kratos' configuration, which Kratos reads anew, and ends Nidan.
func (d *door) withoutNidan(ctx context.Context) error {
	file := filepath.Join(d.dir, "kratos.yml")
	said, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c map[string]any
	if err := yaml.Unmarshal(said, &c); err != nil {
		return err
	}
	at := c
	for _, step := range []string{"selfservice", "flows", "login"} {
		at = at[step].(map[string]any)
	}
	delete(at, "after")
	if said, err = yaml.Marshal(c); err != nil {
		return err
	}
	if err := os.WriteFile(file, said, 0o600); err != nil {
		return err
	}
	d.nidan.stop()
	d.nidan = nil
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if err = d.allowed(ctx, 0); err == nil { // nobody signs in while Kratos asks a Nidan that is not there
			return nil
		}
	}
	return fmt.Errorf("take the hook out: %w", err)
}

// costs are what one sign-in took.
type costs struct {
	n             int64
	perSec        float64
	kratos, nidan time.Duration // of the processor
}

// signIns makes n of them, some at once.
func (d *door) signIns(ctx context.Context, n int64, one func(context.Context, int64) error) (costs, error) {
	pid := 0
	if d.nidan != nil {
		pid = d.nidan.pid
	}
	kratosBefore, nidanBefore, begin := cpu(d.kratos.PID()), cpu(pid), time.Now()
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, atOnce)
	for w := range errs {
		all.Go(func() {
			for i := next.Add(1); i <= n && errs[w] == nil; i = next.Add(1) {
				errs[w] = one(ctx, i)
			}
		})
	}
	all.Wait()
	took := time.Since(begin)
	c := costs{n: n, perSec: float64(n) / took.Seconds(), kratos: (cpu(d.kratos.PID()) - kratosBefore) / time.Duration(n)}
	if pid != 0 {
		c.nidan = (cpu(pid) - nidanBefore) / time.Duration(n)
	}
	return c, errors.Join(errs...)
}

// allowed signs in with the password alone.
func (d *door) allowed(ctx context.Context, i int64) error {
	action, err := d.flow(ctx)
	if err != nil {
		return err
	}
	_, err = d.submit(ctx, action, fmt.Sprintf("plain-%d", i%people), "", http.StatusOK)
	return err
}

var sixDigits = regexp.MustCompile(`(?m)^\d{6}$`)

// withCode signs in with the password, and with it again and the code from the mail.
func (d *door) withCode(ctx context.Context, i int64) error {
	who := fmt.Sprintf("agent-%d", i%people)
	action, err := d.flow(ctx)
	if err != nil {
		return err
	}
	old := len(d.mailsTo(who))
	if _, err := d.submit(ctx, action, who, "", http.StatusBadRequest); err != nil {
		return err
	}
	mails := d.mailsTo(who)
	for end := time.Now().Add(30 * time.Second); len(mails) == old; mails = d.mailsTo(who) {
		if time.Now().After(end) {
			return errors.New("the mail with the code did not come")
		}
		time.Sleep(5 * time.Millisecond)
	}
	_, err = d.submit(ctx, action, who, sixDigits.FindString(mails[0].Text), http.StatusOK)
	return err
}

func (d *door) mailsTo(who string) (mails []catcher.Message) {
	for _, m := range d.mailbox.Messages() {
		if m.To == who+"@example.com" {
			mails = append(mails, m)
		}
	}
	return mails
}

// flow begins a sign-in, and returns where to submit it.
func (d *door) flow(ctx context.Context) (action string, err error) {
	said, err := d.call(ctx, http.MethodGet, d.url+"/self-service/login/api", nil, http.StatusOK)
	if err != nil {
		return "", err
	}
	var flow struct{ UI struct{ Action string } }
	err = json.Unmarshal(said, &flow)
	return flow.UI.Action, err
}

func (d *door) submit(ctx context.Context, action, who, code string, want int) ([]byte, error) {
	twoFactor := object{"client": object{"name": "softphone", "version": "3.5.0"}}
	if code != "" {
		twoFactor["code"] = code
	}
	body := encoded(object{
		"method": "password", "identifier": who, "password": password, "transient_payload": object{"two_factor": twoFactor},
	})
	return d.call(ctx, http.MethodPost, action, body, want)
}

func (d *door) call(ctx context.Context, method, url string, body []byte, want int) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	answer, err := d.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != want {
		err = fmt.Errorf("%s %s answered %s: %.500s", method, url, answer.Status, said)
	}
	return said, err
}
