package console

import (
	"context"

	"nidan/challenge"
	"nidan/journal"
	"nidan/policies"
	"nidan/server/session"
)

// RecordPageSize is how many records are on a page.
const RecordPageSize = 100

// RecordPage is some of the records, the newest first.
type RecordPage struct {
	Records []challenge.Record
	Next    int64 // the filter's Before for those that follow; 0: these were the last
}

// Records are those that the filter asks for, a page of them.
func (c *Console) Records(ctx context.Context, who session.Visitor, f challenge.RecordFilter) (RecordPage, error) {
	if err := c.May(ctx, who, policies.ViewRecords, nil); err != nil {
		return RecordPage{}, err
	}
	f.Limit = RecordPageSize + 1
	found, err := c.Store.Records(ctx, f)
	if err != nil {
		return RecordPage{}, err
	}
	page := RecordPage{Records: found}
	if len(found) > RecordPageSize {
		page.Records = found[:RecordPageSize]
		page.Next = page.Records[RecordPageSize-1].ID
	}
	return page, nil
}

// exportSize is how many records are read at once while they are exported.
const exportSize = 1000

// Export gives each record that the filter asks for, the newest first, until an error, with its leaf in the journal if it has one.
func (c *Console) Export(
	ctx context.Context, who session.Visitor, f challenge.RecordFilter, each func(challenge.Record, *journal.Leaf) error,
) error {
	if err := c.May(ctx, who, policies.ExportRecords, nil); err != nil {
		return err
	}
	f.Limit = exportSize
	for {
		found, err := c.Store.Records(ctx, f)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			f.Before = found[0].ID + 1 // records that came meanwhile are not among these
		}
		leaves, err := c.Store.LeavesOf(ctx, f)
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
			f.Before = r.ID
		}
		if len(found) < exportSize {
			return nil
		}
	}
}
