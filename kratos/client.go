package kratos

import (
	"context"
	"fmt"
	"net/http"
	"time"

	client "github.com/ory/kratos-client-go"
)

// Admin is a client of Kratos' admin API. It is safe for concurrent use.
type Admin struct{ api client.IdentityAPI }

// NewAdmin returns a client of the admin API at url.
func NewAdmin(url string) *Admin {
	c := client.NewConfiguration()
	c.Servers = client.ServerConfigurations{{URL: url}}
	c.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	return &Admin{api: client.NewAPIClient(c).IdentityAPI}
}

// Account is an account that CreateAccount makes.
type Account struct {
	Account   string // the name that the holder signs in with
	Name      string
	Email     string // empty: the account has no address
	Role      string
	TwoFactor bool // the account's own flag
	Password  string
}

// CreateAccount makes an account that can sign in at once, and returns its identity id.
func (a *Admin) CreateAccount(ctx context.Context, account Account) (string, error) {
	traits := map[string]any{"account": account.Account, "name": account.Name}
	if account.Email != "" {
		traits["email"] = account.Email
	}
	body := client.NewCreateIdentityBody("account", traits)
	body.SetState("active")
	body.SetMetadataPublic(map[string]any{
		"role": account.Role, "two_factor": map[string]any{"enabled": account.TwoFactor},
	})
	body.SetCredentials(client.IdentityWithCredentials{Password: &client.IdentityWithCredentialsPassword{
		Config: &client.IdentityWithCredentialsPasswordConfig{Password: &account.Password},
	}})
	made, answer, err := a.api.CreateIdentity(ctx).CreateIdentityBody(*body).Execute()
	if err != nil {
		return "", fmt.Errorf("create an identity: %w", err)
	}
	defer answer.Body.Close()
	return made.GetId(), nil
}
