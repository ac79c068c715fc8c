package config

import "time"

// Shutdown says how the program stops on SIGTERM or SIGINT. Requests that have begun finish. A second signal ends the program at
// once.
type Shutdown struct {
	// The time for which Nidan still answers all requests after /readyz has changed to 503, up to 1m. Behind a load balancer that asks
	// /readyz: a little more than the time in which the balancer notices. 0s: the public listener closes at once.
	Notice time.Duration `koanf:"notice"`
	// After the public listener has closed, the hook's listener closes when Kratos has not called for this time, up to 10s. If Kratos
	// takes longer to check a password, a sign-in that began at Kratos' own port is refused. After 10s, the hook's listener closes in
	// any case.
	Linger time.Duration `koanf:"linger"`
}
