package config

import "time"

// Shutdown says how the program stops when it is told to (SIGTERM or SIGINT). What is under way finishes; a second signal ends it at
// once.
type Shutdown struct {
	// How long everything is still answered after /readyz has turned to 503, up to 1m. With several processes behind a load balancer
	// that asks /readyz: a little more than it takes to notice. 0s: nobody is to notice.
	Notice time.Duration `koanf:"notice"`
	// For how long Kratos must not have called, once the public listener has closed, before the hook's listener closes too, up to
	// 10s. Who signs in at Kratos' own port is refused where checking a password takes longer. After 10s it closes in any case.
	Linger time.Duration `koanf:"linger"`
}
