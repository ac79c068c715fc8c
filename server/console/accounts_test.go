package console

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"nidan/kratos"
)

func TestASearchThatRunsOutOfTimeGoesOnFromWhereItStopped(t *testing.T) {
	for name, tc := range map[string]struct {
		page     time.Duration // time that Kratos needs for a page of 250
		every    int           // one of this many accounts is a supervisor
		searched int           // accounts that are read for the first page
	}{
		"each page takes longer than a search may":    {3 * time.Second, 100, 250},
		"the time runs out within the second page":    {1500 * time.Millisecond, 100, 500},
		"the second page ends just when the time is":  {time.Second, 100, 750},
		"nobody is found in the first pages":          {1500 * time.Millisecond, 1900, 500},
		"the page is full before the time runs out":   {time.Millisecond, 5, 250},
		"the page is fuller than a page may well be":  {time.Millisecond, 1, 250},
		"all is searched before the time runs out":    {time.Millisecond, 100, 2001},
		"the time runs out after the last there is":   {300 * time.Millisecond, 100, 1750},
		"Kratos is too slow, and everybody is wanted": {3 * time.Second, 1, 250},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			want := map[string]bool{}
			for i := range 2000 {
				id := fmt.Sprintf("id-%d", i)
				role := "user"
				if i%tc.every == tc.every-1 {
					role, want[id] = "supervisor", true
				}
				s.kratos.all = append(s.kratos.all, identity(id, role))
			}
			who := s.visitor(t)
			s.kratos.slow = func() { s.clock = s.clock.Add(tc.page) }
			searched := 0
			for f, pages := (AccountFilter{Role: "supervisor"}), 1; ; pages++ {
				page, err := s.Accounts(t.Context(), who, f)
				if err != nil {
					t.Fatal(err)
				}
				if pages == 1 && page.Searched != tc.searched {
					t.Errorf("the first page is shown after %d accounts, want %d", page.Searched, tc.searched)
				}
				searched += page.Searched
				for _, a := range page.Accounts {
					if !want[a.ID] {
						t.Errorf("%s was not asked for, or was shown before", a.ID)
					}
					delete(want, a.ID)
				}
				if page.Next == "" {
					break
				}
				if pages > 100 {
					t.Fatal("it goes on for ever")
				}
				f.From = page.Next
			}
			if len(want) != 0 || searched != 2001 {
				t.Errorf("%d were not found, and %d of 2001 searched", len(want), searched)
			}
		})
	}
}

func TestAListThatKratosBreaksOffIsNotShownInPart(t *testing.T) {
	s := newScene(t)
	who := s.visitor(t)
	for i := range 600 {
		s.kratos.all = append(s.kratos.all, identity(fmt.Sprint("id-", i), "user"))
	}
	s.kratos.slow = func() { s.kratos.listed = errFault } // reading the second page fails
	if page, err := s.Accounts(t.Context(), who, AccountFilter{Role: "supervisor"}); !errors.Is(err, errFault) || len(page.Accounts) != 0 {
		t.Errorf("got %d accounts, %v", len(page.Accounts), err)
	}
}

func TestAnAccountThatCannotBeRead(t *testing.T) {
	for place, spoil := range map[string]func(*kratos.Identity){
		"/metadata_public/role":               func(i *kratos.Identity) { i.MetadataPublic["role"] = 7.0 },
		"/metadata_public/two_factor/enabled": func(i *kratos.Identity) { i.MetadataPublic["two_factor"] = map[string]any{"enabled": "yes"} },
		"/traits/email":                       func(i *kratos.Identity) { i.Traits["email"] = "no address" },
	} {
		t.Run(place, func(t *testing.T) {
			s := newScene(t)
			who := s.visitor(t)
			spoilt := identity("spoilt", "user")
			spoil(&spoilt)
			s.kratos.all = append(s.kratos.all, spoilt)

			page, err := s.Accounts(t.Context(), who, AccountFilter{})
			if err != nil || len(page.Accounts) != 2 {
				t.Fatalf("got %d accounts, %v", len(page.Accounts), err)
			}
			a := page.Accounts[1]
			if a.ID != "spoilt" || !strings.Contains(a.Unreadable, place) {
				t.Errorf("%s is listed with the reason %q", a.ID, a.Unreadable)
			}
			if page.Accounts[0].Unreadable != "" {
				t.Errorf("so is one that can be read: %q", page.Accounts[0].Unreadable)
			}
			if d, err := s.Account(t.Context(), who, "spoilt"); err != nil || d.Unreadable != a.Unreadable {
				t.Errorf("its own page: %q, %v", d.Unreadable, err)
			}
			for _, on := range []bool{true, false} {
				got := s.Switch(t.Context(), who, []Change{{ID: "spoilt", Was: !on, On: on}, {ID: "spoilt", Was: on, On: on}})
				for _, c := range got {
					if !errors.Is(c.Err, ErrInvalid) || !strings.Contains(c.Err.Error(), place) {
						t.Errorf("%v to %v: %v", c.Was, c.On, c.Err)
					}
				}
			}
			if len(s.kratos.switched) != 0 {
				t.Error("its flag was changed all the same")
			}
		})
	}
}
