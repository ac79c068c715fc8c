.DEFAULT_GOAL := help
.PHONY: help test demo kratos screenshots fuzz fmt check setup

GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0
# Where go test's events go, for those who count them.
RESULTS ?= /dev/null
FUZZTIME ?= 10s

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: setup check kratos ## Install what the tests need, build Kratos once, run everything
	@$(GOTESTSUM) --format pkgname-and-test-fails --jsonfile $(RESULTS) -- -race -timeout 30m ./...

demo: ## Try it: a real Kratos, Nidan and a mail catcher on this machine
	@go run . demo

# After setup: it needs the C compiler.
kratos: setup ## Build the Kratos that the demo and the tests run on
	@go run . demo --build-only

screenshots: setup ## Take a picture of each state of the sign-in page, to docs/screenshots
	@go test -count=1 -tags screenshots -run TestScreenshots ./e2e

# The targets are read from the files: asked for its list, a package would first set up all that its tests need.
fuzz: ## Fuzz every parser, for FUZZTIME (10s) each
	@grep -rE --include='*_test.go' '^func Fuzz' . | sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort | \
	while read -r folder target; do \
		echo "$$folder $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$folder" </dev/null || exit 1; \
	done

fmt: ## Format Go
	@gofmt -w .

check:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run make fmt for: $$unformatted" >&2; exit 1; }
	@go vet ./...

setup:
	@.ci/setup
