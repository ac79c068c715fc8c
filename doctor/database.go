package doctor

import (
	"context"
	"fmt"
	"time"
)

// within is the timeout of each request over a network.
const within = 10 * time.Second

// Database checks whether the database answers, and whether this program can use its tables. Version returns the version of the tables.
// Reached says whether the database answered; the error of version says what to do.
func Database(version func(context.Context) (version int64, reached bool, err error)) Check {
	return func(ctx context.Context) []Finding {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		found, reached, err := version(ctx)
		switch {
		case !reached:
			return []Finding{
				problem("database", err.Error(),
					"Start the database, or correct the key database in the configuration; nidan migrate up creates an SQLite database."),
				notChecked("database_version", "the database does not answer", "Run nidan doctor again when the database answers."),
			}
		case err != nil:
			return []Finding{ok("database", "the database answers"), problem("database_version", err.Error(),
				"Run nidan migrate up with this program, or use the program that belongs to this database.")}
		}
		return []Finding{ok("database", "the database answers"),
			ok("database_version", fmt.Sprintf("the tables have version %d, and this program can use them", found))}
	}
}
