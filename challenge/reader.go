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
	// SearchRecords is Records, with the filter's Before for those that follow; 0: these were the last. It looks at no more records than it
	// is told to (0: at all), and so may find fewer than the filter's limit, or none, though others follow.
	SearchRecords(ctx context.Context, f RecordFilter, within int) (found []Record, next int64, err error)
	// Counts are the records from then on and before then, counted.
	Counts(ctx context.Context, from, to time.Time) (Counts, error)
	// MostWrongCodes are the accounts against which the most wrong codes count.
	MostWrongCodes(ctx context.Context, limit int) ([]WrongCodesOf, error)
}
