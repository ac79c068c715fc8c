package doctor

import (
	"context"
	"fmt"
	"time"
)

// sealedWithin is how long a record waits at most until it is sealed. It takes a second or two, and a little longer where another process
// seals; clocks may differ by [clocksWithin].
const sealedWithin = time.Minute

// Records looks whether records are sealed as they come. Waiting returns the time of the oldest record that waits to be sealed, and the
// zero time where none waits. It is a warning and no problem: sign-ins go on, and are recorded.
func Records(now func() time.Time, waiting func(context.Context) (time.Time, error)) Check {
	const check = "records_sealed"
	return func(ctx context.Context) []Finding {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		since, err := waiting(ctx)
		switch {
		case err != nil:
			return []Finding{notChecked(check, "the database does not say which records are sealed", "Run nidan doctor again when it does.")}
		case !since.IsZero() && now().Sub(since) > sealedWithin:
			return []Finding{warning(check,
				fmt.Sprintf("the record of %s is not sealed yet: it could not be seen if somebody altered it", since.UTC().Format(time.RFC3339)),
				"Start nidan serve, which seals records; if it runs, its log says why it cannot seal them.")}
		}
		return []Finding{ok(check, "records are sealed as they come")}
	}
}
