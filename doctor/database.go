package doctor

import (
	"context"
	"fmt"
	"time"
)

// within bounds each thing that is asked over a network.
const within = 10 * time.Second

// Database looks whether the database can be reached, and whether its tables are those that this program needs. Version returns the
// version of the tables; its error says what to do, and reached whether there was a database to ask.
func Database(version func(context.Context) (version int64, reached bool, err error)) Check {
	return func(ctx context.Context) []Finding {
		ctx, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		found, reached, err := version(ctx)
		switch {
		case !reached:
			return []Finding{
				problem("database", err.Error(), "Start the database, or correct database in the configuration; nidan migrate up makes one of SQLite."),
				notChecked("database_version", "the database is not reached", "Run nidan doctor again when it is."),
			}
		case err != nil:
			return []Finding{ok("database", "it answers"), problem("database_version", err.Error(),
				"Run nidan migrate up with this program, or the program that the database belongs to.")}
		}
		return []Finding{ok("database", "it answers"), ok("database_version", fmt.Sprintf("version %d, which this program can use", found))}
	}
}
