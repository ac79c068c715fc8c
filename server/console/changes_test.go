package console

import (
	"errors"
	"reflect"
	"testing"

	"nidan/journal"
	"nidan/policies"
	"nidan/policies/live"
	"nidan/records"
	"nidan/server/session"
)

// everything has each method that shows or changes something, by name. A method that changes something does so unless it is refused.
var everything = map[string]func(t *testing.T, s *scene, who session.Visitor) error{
	"May": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.May(t.Context(), who, policies.ViewPolicies, nil)
	},
	"MaySwitch": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.MaySwitch(t.Context(), who, s.account(identity("user", "user")))
	},
	"Name": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Name(t.Context(), who, "user")
		return err
	},
	"Account": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Account(t.Context(), who, "user")
		return err
	},
	"Self": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Self(t.Context(), who)
		return err
	},
	"Accounts": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Accounts(t.Context(), who, AccountFilter{})
		return err
	},
	"Records": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Records(t.Context(), who, records.Filter{})
		return err
	},
	"Export": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.Export(t.Context(), who, records.Filter{}, func(records.Record, *journal.Leaf) error { return nil })
	},
	"Settings": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Settings(t.Context(), who)
		return err
	},
	"ChangeSettings": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.forgetAll(t, who)
	},
	"Switch": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.Switch(t.Context(), who, []Change{{ID: "user", Was: true, On: false}})[0].Err
	},
	"SwitchSelf": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.SwitchSelf(t.Context(), who, Change{Was: true, On: false})
	},
	"ForgetDevice": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.ForgetDevice(t.Context(), who, "user", []byte("user"))
		return err
	},
	"ForgetDevices": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.ForgetDevices(t.Context(), who, "user")
		return err
	},
	"PolicyStatus": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.PolicyStatus(t.Context(), who)
		return err
	},
	"AnswerPolicies": func(t *testing.T, s *scene, who session.Visitor) error {
		s.waits(t, "waits", "d")
		return s.AnswerPolicies(t.Context(), who, "waits", "d", live.Approved)
	},
	"PolicyDifference": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.PolicyDifference(t.Context(), who, "", "")
		return err
	},
	"Overview": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Overview(t.Context(), who, Week)
		return err
	},
	"Rows": func(t *testing.T, s *scene, who session.Visitor) error {
		_, err := s.Rows(t.Context(), who, records.Filter{Rows: true})
		return err
	},
	"ClearWrongCodes": func(t *testing.T, s *scene, who session.Visitor) error {
		return s.ClearWrongCodes(t.Context(), who, "user")
	},
}

// changes are the names of the methods that change something.
var changes = []string{"ChangeSettings", "Switch", "SwitchSelf", "ForgetDevice", "ForgetDevices", "ClearWrongCodes", "AnswerPolicies"}

func (s *scene) forgetAll(t *testing.T, who session.Visitor) error {
	t.Helper()
	now, err := s.store.Store.KeptSettings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	to := allOn
	to.Remember = false
	_, err = s.ChangeSettings(t.Context(), who, now.Version, to)
	return err
}

// remembered returns a scene with an administrator and a user who both have a device and wrong codes.
func remembered(t *testing.T) (*scene, session.Visitor) {
	t.Helper()
	s := newScene(t)
	who := s.visitor(t)
	s.kratos.all = append(s.kratos.all, identity("user", "user"))
	s.remember(t, "admin", "user")
	return s, who
}

const asItWas = "remember true, 30 days; admin: 1 devices, 100 wrong codes; user: 1 devices, 100 wrong codes"

func TestWithoutADecisionNobodyMayDoAnything(t *testing.T) {
	console := reflect.TypeFor[*Console]()
	for i := range console.NumMethod() {
		if everything[console.Method(i).Name] == nil {
			t.Errorf("%s is not asked for below", console.Method(i).Name)
		}
	}
	for name, do := range everything {
		t.Run(name, func(t *testing.T) {
			s, who := remembered(t)
			s.judge.err = errFault
			err := do(t, s, who)
			if !errors.Is(err, errFault) {
				t.Errorf("got %v", err)
			}
			if refusal := new(Refusal); errors.As(err, &refusal) {
				t.Errorf("it passes for a decision: %v", refusal)
			}
			if got := s.kept(t, "admin", "user"); got != asItWas || len(s.kratos.switched) != 0 {
				t.Errorf("it was done: %s; %v", got, s.kratos.switched)
			}
			s.judge.err = nil
			if err := do(t, s, who); err != nil {
				t.Errorf("with a decision it is not done: %v", err)
			}
		})
	}
}

func TestWhoMayNotLearnsOfNoAccount(t *testing.T) {
	asks := map[string]func(s *scene, who session.Visitor, id string) error{
		"Name": func(s *scene, who session.Visitor, id string) error {
			_, err := s.Name(t.Context(), who, id)
			return err
		},
		"Account": func(s *scene, who session.Visitor, id string) error {
			_, err := s.Account(t.Context(), who, id)
			return err
		},
		"ForgetDevices": func(s *scene, who session.Visitor, id string) error {
			_, err := s.ForgetDevices(t.Context(), who, id)
			return err
		},
		"ClearWrongCodes": func(s *scene, who session.Visitor, id string) error { return s.ClearWrongCodes(t.Context(), who, id) },
		"ForgetDevice": func(s *scene, who session.Visitor, id string) error {
			_, err := s.ForgetDevice(t.Context(), who, id, []byte(id))
			return err
		},
		"Switch": func(s *scene, who session.Visitor, id string) error {
			return s.Switch(t.Context(), who, []Change{{ID: id, Was: true, On: false}})[0].Err
		},
	}
	for name, tc := range map[string]struct {
		change func(*session.Visitor)
		want   string
	}{
		"a role that may not": {func(who *session.Visitor) { who.Person.Role = "supervisor" }, "refused: role_may_not"},
		"a session that is not worth the console": {
			func(who *session.Visitor) { who.Allowed = policies.Capabilities{} }, "refused: sign_in_again",
		},
	} {
		s, who := remembered(t)
		tc.change(&who)
		unreadable := identity("unreadable", "user")
		unreadable.MetadataPublic["role"] = 7.0
		s.kratos.all = append(s.kratos.all, identity("boss", "owner"), unreadable)
		for what, ask := range asks {
			for _, id := range []string{"user", "boss", "unreadable", "nobody"} {
				if err := ask(s, who, id); err == nil || err.Error() != tc.want {
					t.Errorf("%s, %s of %s: got %v, want %s", name, what, id, err, tc.want)
				}
			}
		}
		if len(s.kratos.lookedUp) != 0 {
			t.Errorf("%s: looked up were %v", name, s.kratos.lookedUp)
		}
	}
}

func TestAChangeThatCannotBeRecordedIsNotMade(t *testing.T) {
	for _, name := range changes {
		t.Run(name, func(t *testing.T) {
			s, who := remembered(t)
			s.store.record[""] = errFault
			if err := everything[name](t, s, who); !errors.Is(err, errFault) {
				t.Errorf("got %v", err)
			}
			if got := s.kept(t, "admin", "user"); got != asItWas {
				t.Errorf("it was made: %s", got)
			}
			if len(s.kratos.switched) != 0 {
				t.Errorf("Kratos was asked to switch %v", s.kratos.switched)
			}
		})
	}
}

func TestSwitchingRememberingOffForgetsEveryDeviceWithTheSettings(t *testing.T) {
	for name, tc := range map[string]struct {
		fail func(*scene)
		want string
	}{
		"all goes well": {
			func(*scene) {}, "remember false, 30 days; admin: 0 devices, 100 wrong codes; user: 0 devices, 100 wrong codes; " +
				"settings_changed changed by admin, 2 devices forgotten",
		},
		"the settings cannot be saved": {func(s *scene) { s.store.saveSettings = errFault }, asItWas},
		"it cannot be recorded":        {func(s *scene) { s.store.record["changed"] = errFault }, asItWas},
	} {
		t.Run(name, func(t *testing.T) {
			s, who := remembered(t)
			tc.fail(s)
			if err := s.forgetAll(t, who); (err != nil) != (tc.want == asItWas) {
				t.Errorf("got %v", err)
			}
			if got := s.kept(t, "admin", "user"); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
	t.Run("a channel that is not named keeps its switch", func(t *testing.T) {
		s, who := remembered(t)
		now, err := s.Settings(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		to := allOn
		to.Channels = map[string]bool{"softphone": false}
		now, err = s.ChangeSettings(t.Context(), who, now.Version, to)
		if err != nil || now.On("softphone") || !now.On("admin_console") {
			t.Fatalf("got %+v, %v", now, err)
		}
		to.Channels = map[string]bool{"admin_console": false}
		now, err = s.ChangeSettings(t.Context(), who, now.Version, to)
		if err != nil || now.On("softphone") || now.On("admin_console") {
			t.Errorf("got %+v, %v", now, err)
		}
		for _, id := range []string{"kiosk", "mobile", "unknown"} { // an unknown channel, an exempt channel, and the name for no channel
			to.Channels = map[string]bool{id: false}
			if _, err := s.ChangeSettings(t.Context(), who, now.Version, to); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: got %v", id, err)
			}
		}
	})
	t.Run("somebody else was first", func(t *testing.T) {
		s, who := remembered(t)
		now, err := s.Settings(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		to := allOn
		to.Remember = false
		_, err = s.ChangeSettings(t.Context(), who, now.Version-1, to)
		if conflict := new(Conflict); !errors.As(err, &conflict) || !reflect.DeepEqual(conflict.Now, now) {
			t.Errorf("got %v", err)
		}
		if got := s.kept(t, "admin", "user"); got != asItWas {
			t.Errorf("it was made: %s", got)
		}
	})
	t.Run("what else changes forgets nobody", func(t *testing.T) {
		s, who := remembered(t)
		now, err := s.Settings(t.Context(), who)
		if err != nil {
			t.Fatal(err)
		}
		to := allOn
		to.RememberDays = 7
		if _, err := s.ChangeSettings(t.Context(), who, now.Version, to); err != nil {
			t.Fatal(err)
		}
		want := "remember true, 7 days; admin: 1 devices, 100 wrong codes; user: 1 devices, 100 wrong codes; settings_changed changed by admin"
		if got := s.kept(t, "admin", "user"); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func TestHowSwitchingAnAccountOffEndsIsOnRecord(t *testing.T) {
	const both = asItWas + "; account_switched requested by admin"
	for name, tc := range map[string]struct {
		fail func(*scene)
		err  error
		want string
	}{
		"Kratos does it": {
			func(*scene) {}, nil, "remember true, 30 days; admin: 1 devices, 100 wrong codes; user: 0 devices, 100 wrong codes; " +
				"account_switched requested by admin; account_switched changed by admin, 1 devices forgotten",
		},
		"Kratos does not do it": {
			func(s *scene) { s.kratos.setFlag = errFault }, errFault, both + "; account_switched failed by admin",
		},
		"Kratos does it, and then it cannot be recorded": {
			func(s *scene) { s.store.record["changed"] = errFault }, errFault, both,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, who := remembered(t)
			tc.fail(s)
			if err := everything["Switch"](t, s, who); !errors.Is(err, tc.err) {
				t.Errorf("got %v", err)
			}
			if got := s.kept(t, "admin", "user"); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
			if len(s.kratos.switched) != 1 || s.kratos.switched[0] != "user" {
				t.Errorf("Kratos was asked to switch %v", s.kratos.switched)
			}
		})
	}
}

func TestOfManyOnlyTheOneThatCannotBeSwitchedIsLeft(t *testing.T) {
	s, who := remembered(t)
	s.kratos.all = append(s.kratos.all, identity("boss", "owner"), identity("other", "user"))
	got := s.Switch(t.Context(), who, []Change{
		{ID: "boss", Was: true, On: false}, {ID: "gone", Was: true, On: false}, {ID: "user", Was: false, On: true}, {ID: "other", Was: true, On: false},
	})
	for i, failed := range []bool{true, true, true, false} {
		if (got[i].Err != nil) != failed {
			t.Errorf("%s: %v", got[i].ID, got[i].Err)
		}
	}
	if len(s.kratos.switched) != 1 || s.kratos.switched[0] != "other" {
		t.Errorf("Kratos was asked to switch %v", s.kratos.switched)
	}
}
