package proof

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestValuesAreReadAsTheyWereWritten(t *testing.T) {
	values := []Value{
		{Kind: One, Text: "owner"}, {Kind: One}, {Kind: Absent}, {Kind: Range, Text: "1", To: "6"}, {Kind: AtLeast, Text: "7"},
		{Kind: Below, Text: "settings.remember_days"}, {Kind: Equal, Text: "settings.remember_days"},
		{Kind: Above, Text: "settings.remember_days"}, {Kind: Others, Text: "account.role"},
	}
	written, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var got []Value
	if err := json.Unmarshal(written, &got); err != nil || !reflect.DeepEqual(got, values) {
		t.Errorf("%s: got %+v, %v", written, got, err)
	}
}
