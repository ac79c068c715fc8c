.PHONY: help test demo kratos fuzz fmt

# Where the events of the tests go, for those who count them.
RESULTS ?= /dev/null

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: ## Install what the tests need, build Kratos once, run everything
	@.ci/setup
	@go vet ./...
	@go run . demo --build-only
	@go run gotest.tools/gotestsum@v1.13.0 --format pkgname-and-test-fails --jsonfile $(RESULTS) -- -race -timeout 30m ./...

demo: ## Try it: a real Kratos, Nidan and a mail catcher on this machine
	@go run . demo

kratos: ## Build the Kratos that the demo and the tests run on
	@go run . demo --build-only

fuzz: ## Fuzz every parser for ten seconds each
	@go list ./... | while read -r package; do \
		go test -list '^Fuzz' "$$package" | grep '^Fuzz' | while read -r target; do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime 10s "$$package" || exit 1; \
		done || exit 1; \
	done

fmt: ## Format Go
	@gofmt -w .
