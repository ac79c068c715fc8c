package console

import (
	"context"
	"slices"

	"nidan/journal"
	"nidan/policies"
	"nidan/records"
	"nidan/server/session"
)

// RecordPageSize is how many records are on a page.
const RecordPageSize = 100

// RecordPage is a page of records, the newest first.
type RecordPage struct {
	Records []records.Record
	Next    int64 // the filter's Before for the next page; 0: this is the last page
}

// Records returns a page of the records that match the filter.
func (c *Console) Records(ctx context.Context, who session.Visitor, f records.Filter) (RecordPage, error) {
	if err := c.May(ctx, who, policies.ViewRecords, nil); err != nil {
		return RecordPage{}, err
	}
	return c.search(ctx, f)
}

// searchedAtOnce is the maximum number of records that are read for a page if no index finds the records. So a page may have few
// records, or none, although more follow.
const searchedAtOnce = 20_000

func (c *Console) search(ctx context.Context, f records.Filter) (page RecordPage, err error) {
	f.Limit = RecordPageSize + 1
	page.Records, page.Next, err = c.Store.SearchRecords(ctx, f, searchedAtOnce)
	if len(page.Records) > RecordPageSize {
		page.Records = page.Records[:RecordPageSize]
		page.Next = page.Records[RecordPageSize-1].ID
	}
	return page, err
}

// exportSize is how many records are read at once during an export.
const exportSize = 1000

// Export calls each with every record that matches the filter, the newest first, and with the record's leaf in the journal if it has
// one. It stops at the first error.
func (c *Console) Export(
	ctx context.Context, who session.Visitor, f records.Filter, each func(records.Record, *journal.Leaf) error,
) error {
	if err := c.May(ctx, who, policies.ExportRecords, nil); err != nil {
		return err
	}
	f.Limit = exportSize
	for {
		found, next, err := c.Store.SearchRecords(ctx, f, searchedAtOnce)
		if err != nil {
			return err
		}
		leaves, err := c.Store.LeavesOf(ctx, found)
		if err != nil {
			return err
		}
		for _, r := range found {
			var leaf *journal.Leaf
			if l, sealed := leaves[r.ID]; sealed {
				leaf = &l
			}
			if err := each(r, leaf); err != nil {
				return err
			}
		}
		if next == 0 {
			return nil
		}
		f.Before = next
	}
}

// storyLength is the maximum number of records of a sign-in that are shown.
const storyLength = 50

// RowPage is a page of rows, the newest first.
type RowPage struct {
	Rows []Row
	Next int64 // as in [RecordPage]
}

// Row is a record, with all records of its sign-in, the oldest first. For a record that belongs to no sign-in, Story has only this
// record.
type Row struct {
	records.Record
	Story []records.Record
}

// Rows returns a page of the rows that match the filter.
func (c *Console) Rows(ctx context.Context, who session.Visitor, f records.Filter) (RowPage, error) {
	if err := c.May(ctx, who, policies.ViewRecords, nil); err != nil {
		return RowPage{}, err
	}
	page, err := c.search(ctx, f)
	if err != nil {
		return RowPage{}, err
	}
	rows := RowPage{Rows: make([]Row, len(page.Records)), Next: page.Next}
	for i, r := range page.Records {
		rows.Rows[i] = Row{r, []records.Record{r}}
		if r.Flow == "" || r.Account == "" {
			continue
		}
		story, err := c.Store.Records(ctx, records.Filter{
			Account: r.Account, Flow: r.Flow, From: r.At.Add(-records.SignInWithin), To: r.At.Add(records.SignInWithin), Limit: storyLength,
		})
		if err != nil {
			return RowPage{}, err
		}
		slices.Reverse(story)
		rows.Rows[i].Story = story
	}
	return rows, nil
}
