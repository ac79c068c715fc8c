package challenge

import (
	"context"
	"time"
)

// Reader reads what a [Store] holds, outside of any unit of work.
type Reader interface {
	Settings(ctx context.Context) (Settings, error)
	// SignIn returns the one of that account and instant, or [ErrNotFound]. Instants are compared to the microsecond: that is
	// what Kratos' database may keep of them.
	SignIn(ctx context.Context, account string, authenticatedAt time.Time) (*SignIn, error)
}

// Overview reads what an administrator may want to see.
type Overview interface {
	KeptSettings(ctx context.Context) (KeptSettings, error)
	// AccountDevices are the devices that an account has asked to be remembered, the newest first.
	AccountDevices(ctx context.Context, account string) ([]Device, error)
	// AccountWrongCodes is how many wrong codes count against the account.
	AccountWrongCodes(ctx context.Context, account string) (int, error)
	// Records are those that the filter asks for, the newest first.
	Records(ctx context.Context, f RecordFilter) ([]Record, error)
}
