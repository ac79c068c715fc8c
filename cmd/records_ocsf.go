package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"nidan/challenge"
	"nidan/journal"
	"nidan/records"
)

// ocsfVersion is the version of the Open Cybersecurity Schema Framework (https://schema.ocsf.io/1.4.0) that events follow.
const ocsfVersion = "1.4.0"

// ocsfRecords writes records as events of OCSF, one a line.
type ocsfRecords struct{ to *json.Encoder }

func newOCSFRecords(w io.Writer) ocsfRecords { return ocsfRecords{json.NewEncoder(w)} }

// ocsfEvent has the attributes of an OCSF event that Nidan can fill in.
type ocsfEvent struct {
	CategoryUID int            `json:"category_uid"`
	ClassUID    int            `json:"class_uid"`
	ClassName   string         `json:"class_name"`
	ActivityID  int            `json:"activity_id"`
	Activity    string         `json:"activity_name"`
	TypeUID     int            `json:"type_uid"` // class_uid * 100 + activity_id
	SeverityID  int            `json:"severity_id"`
	Time        int64          `json:"time"` // milliseconds
	StatusID    int            `json:"status_id"`
	Status      string         `json:"status"`
	StatusCode  string         `json:"status_code,omitempty"`
	Detail      string         `json:"status_detail,omitempty"`
	Message     string         `json:"message"`
	Metadata    ocsfMetadata   `json:"metadata"`
	User        *ocsfUser      `json:"user,omitempty"`
	Actor       *ocsfActor     `json:"actor,omitempty"`
	Source      *ocsfEndpoint  `json:"src_endpoint,omitempty"`
	Request     *ocsfRequest   `json:"http_request,omitempty"`
	Service     *ocsfNamed     `json:"service,omitempty"`
	Entity      *ocsfNamed     `json:"entity,omitempty"`
	IsMFA       *bool          `json:"is_mfa,omitempty"`
	IsRemote    *bool          `json:"is_remote,omitempty"`
	Unmapped    map[string]any `json:"unmapped,omitempty"` // fields without an attribute in OCSF
}

type ocsfMetadata struct {
	Version string `json:"version"`
	UID     string `json:"uid"`
	Code    string `json:"event_code"`
	Product struct {
		Name   string `json:"name"`
		Vendor string `json:"vendor_name"`
	} `json:"product"`
	Correlation string `json:"correlation_uid,omitempty"`
}

type ocsfUser struct {
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
}

type ocsfActor struct {
	User ocsfUser `json:"user"`
}

type ocsfEndpoint struct {
	IP string `json:"ip"`
}

type ocsfRequest struct {
	UserAgent string `json:"user_agent"`
}

type ocsfNamed struct {
	Name string `json:"name"`
}

// The OCSF classes of records.
const (
	ocsfBase           = 0
	ocsfAccountChange  = 3001
	ocsfAuthentication = 3002
	ocsfEntity         = 3004
	ocsfOther          = 99 // an activity or a status without a number in the class
)

// ocsfKind is the class and the activity of a kind of records.
type ocsfKind struct {
	class    int
	name     string
	activity int
}

var ocsfKinds = map[string]ocsfKind{
	"sign_in":             {ocsfAuthentication, "Authentication", 1}, // Logon
	"password_changed":    {ocsfAccountChange, "Account Change", 3},  // Password Change
	"password_refused":    {ocsfAccountChange, "Account Change", 3},
	"credentials_changed": {ocsfAccountChange, "Account Change", ocsfOther},
	"credentials_refused": {ocsfAccountChange, "Account Change", ocsfOther},
	"account_switched":    {ocsfAccountChange, "Account Change", ocsfOther},
	"wrong_codes_cleared": {ocsfAccountChange, "Account Change", 12}, // Unlock
	"devices_forgotten":   {ocsfAccountChange, "Account Change", ocsfOther},
	"settings_changed":    {ocsfEntity, "Entity Management", 3}, // Update
	"policies_activated":  {ocsfEntity, "Entity Management", 3},
	"policies_approved":   {ocsfEntity, "Entity Management", 3},
	"policies_rejected":   {ocsfEntity, "Entity Management", 3},
}

func (o ocsfRecords) record(r records.Record, _ *journal.Leaf) error {
	if err := o.to.Encode(ocsfOf(r)); err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	return nil
}

func (ocsfRecords) end(context.Context) error { return nil }

// ocsfOf returns the event for a record.
func ocsfOf(r records.Record) ocsfEvent {
	kind, known := ocsfKinds[r.Kind]
	if !known || kind.class == ocsfAccountChange && r.Account == "" { // such as forgetting the devices of all accounts
		kind = ocsfKind{ocsfBase, "Base Event", ocsfOther}
	}
	e := ocsfEvent{
		ClassUID: kind.class, ClassName: kind.name, ActivityID: kind.activity, Activity: r.Kind, TypeUID: kind.class*100 + kind.activity,
		CategoryUID: kind.class / 1000, Time: r.At.UnixMilli(), Detail: r.Reason, StatusCode: r.State,
		Message:  r.Kind + " " + r.State,
		Metadata: ocsfMetadata{Version: ocsfVersion, UID: strconv.FormatInt(r.ID, 10), Code: r.Kind, Correlation: r.Flow},
		Unmapped: map[string]any{},
	}
	e.Metadata.Product.Name, e.Metadata.Product.Vendor = "Nidan", "Nidan"
	e.end(endOf(r))
	if r.Account != "" || r.Name != "" {
		e.User = &ocsfUser{r.Name, r.Account}
	}
	if r.By != "" {
		e.Actor = &ocsfActor{ocsfUser{Name: r.By}}
	}
	switch kind.class {
	case ocsfAuthentication:
		e.signIn(r)
	case ocsfEntity:
		e.Entity = &ocsfNamed{"nidan " + r.Kind}
	}
	for name, value := range map[string]string{"revision": r.Revision, "challenge": r.Challenge} {
		if value != "" {
			e.Unmapped[name] = value
		}
	}
	return e
}

func (e *ocsfEvent) end(how string) {
	switch how {
	case succeeded:
		e.StatusID, e.Status, e.SeverityID = 1, "Success", 1 // informational
	case failed:
		e.StatusID, e.Status, e.SeverityID = 2, "Failure", 2 // low
	default:
		e.StatusID, e.Status, e.SeverityID = ocsfOther, "Pending", 1
	}
}

func (e *ocsfEvent) signIn(r records.Record) {
	if e.User == nil {
		e.User = &ocsfUser{Name: "unknown"}
	}
	a := r.About()
	remote, mfa := true, r.State == string(challenge.Passed) || a.SecondStep == "passed"
	e.Service, e.IsRemote, e.IsMFA = &ocsfNamed{"Nidan"}, &remote, &mfa
	if a.Channel != "" {
		e.Service.Name = a.Channel
	}
	if a.IP != "" {
		e.Source = &ocsfEndpoint{a.IP}
	}
	if a.UserAgent != "" {
		e.Request = &ocsfRequest{a.UserAgent}
	}
	for name, value := range map[string]string{"method": a.Method, "second_step": a.SecondStep} {
		if value != "" {
			e.Unmapped[name] = value
		}
	}
}
