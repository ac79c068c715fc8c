package kratos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	client "github.com/ory/kratos-client-go"
)

// AAL is the authenticator assurance level of a session, in the words of the policies.
type AAL string

// The levels.
const (
	AAL1       AAL = "aal1"
	AAL2       AAL = "aal2"
	UnknownAAL AAL = "unknown" // Kratos does not say
)

// Step is a step of a sign-in that a session has completed, as Kratos reports it.
type Step struct {
	Method string `json:"method"`
	AAL    string `json:"aal"`
}

// mailed is Kratos' method for mailed codes. Where selfservice.methods.code.mfa_enabled is on, Kratos accepts such a code as a second factor.
const mailed = "code"

// AALOf returns the level of a session from the level that Kratos reports and the steps that the session has completed. A code that Kratos
// mailed is not a factor that the account has enrolled: it does not make a session aal2.
func AALOf(level string, steps []Step) AAL {
	switch level {
	case "":
		return UnknownAAL
	case "aal2", "aal3":
		for _, s := range steps {
			if (s.AAL == "aal2" || s.AAL == "aal3") && s.Method != mailed {
				return AAL2
			}
		}
	}
	return AAL1
}

// Factors are the second factors that an account has enrolled.
type Factors struct {
	TOTP         bool // an authenticator app
	WebAuthn     bool // a security key as a second factor
	LookupSecret bool // recovery codes
}

// Factors returns the second factors of one account, or [ErrGone].
//
// Kratos always reports which kinds of credentials an account has. But a security key can also be a first factor, without a password, and
// then it is no second factor. Only the content of the credential says this, so Factors asks Kratos for the content. It has no secret.
func (a *Admin) Factors(ctx context.Context, id string) (Factors, error) {
	got, answer, err := a.api.GetIdentity(ctx, id).IncludeCredential([]string{"webauthn"}).Execute()
	if err != nil {
		return Factors{}, fmt.Errorf("get an identity with its credentials: %w", answerError(answer, err))
	}
	defer answer.Body.Close()
	if got.Credentials == nil {
		return Factors{}, errors.New("get an identity with its credentials: the answer has none")
	}
	return factorsOf(*got.Credentials)
}

// factorsOf returns the second factors among the credentials of an account.
func factorsOf(all map[string]client.IdentityCredentials) (Factors, error) {
	_, totp := all["totp"]
	_, lookup := all["lookup_secret"]
	key, err := secondFactor(all["webauthn"].Config)
	return Factors{TOTP: totp, WebAuthn: key, LookupSecret: lookup}, err
}

// secondFactor says whether one of the security keys in a credential is a second factor: a key that Kratos asks for after another factor.
func secondFactor(config map[string]any) (bool, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return false, fmt.Errorf("read an account's security keys: %w", err)
	}
	var keys struct {
		Credentials []struct {
			IsPasswordless bool `json:"is_passwordless"`
		} `json:"credentials"`
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		return false, errors.New("read an account's security keys: they are not as Kratos keeps them")
	}
	for _, k := range keys.Credentials {
		if !k.IsPasswordless {
			return true, nil
		}
	}
	return false, nil
}
