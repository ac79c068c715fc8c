package watch

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracing sends traces to a collector.
type Tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// asked says whether the environment asks for traces. It returns an error if the environment asks for an exporter or a protocol that Nidan
// does not have.
func asked(getenv func(string) string) (bool, error) {
	endpoint := getenv("OTEL_EXPORTER_OTLP_ENDPOINT") + getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	exporter := getenv("OTEL_TRACES_EXPORTER")
	if endpoint == "" || exporter == "none" || getenv("OTEL_SDK_DISABLED") == "true" {
		return false, nil
	}
	if exporter != "" && exporter != "otlp" {
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: write otlp, or none", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if protocol := getenv(name); protocol != "" {
			if protocol != "http/protobuf" {
				return false, fmt.Errorf("%s is %q: write http/protobuf, with the port that the collector has for it (4318, as a rule)", name, protocol)
			}
			break // the first variable that is set counts
		}
	}
	return true, nil
}

// StartTracing begins to send traces to the endpoint that the environment names, in the variables of OpenTelemetry's specification. If these
// name no endpoint, it returns nil, and nothing is traced. Other variables of the specification say which traces are sent, and with which
// headers; the libraries read these variables themselves.
func StartTracing(ctx context.Context, getenv func(string) string, version string, log *slog.Logger) (*Tracing, error) {
	if on, err := asked(getenv); !on {
		return nil, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("set up the traces: %w", err)
	}
	// The attributes from the environment come last, and replace the others.
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", "nidan"), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("set up the traces: %w", err)
	}
	otel.SetErrorHandler(&seldom{log: log, now: time.Now})
	return newTracing(sdk.WithBatcher(exporter), sdk.WithResource(about)), nil
}

func newTracing(options ...sdk.TracerProviderOption) *Tracing {
	provider := sdk.NewTracerProvider(options...)
	return &Tracing{provider: provider, tracer: provider.Tracer("nidan")}
}

// Stop sends the traces that wait, until ctx ends. A nil Tracing has nothing to send.
func (t *Tracing) Stop(ctx context.Context) error {
	if t == nil {
		return nil
	}
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("send the last traces: %w", err)
	}
	return nil
}

// seldom logs that traces cannot be sent, once a minute at most: the library reports this every few seconds. Sign-ins go on.
type seldom struct {
	log  *slog.Logger
	now  func() time.Time
	last atomic.Int64
}

// Handle implements [otel.ErrorHandler].
func (s *seldom) Handle(err error) {
	now, last := s.now().Unix(), s.last.Load()
	if now-last >= 60 && s.last.CompareAndSwap(last, now) {
		s.log.Warn("traces could not be sent, and are dropped", "err", err)
	}
}
