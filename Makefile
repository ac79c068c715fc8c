.DEFAULT_GOAL := help
.PHONY: help test test-e2e-first test-e2e-rest test-races test-proofs test-commands test-servers test-layers test-others demo kratos screenshots policies regal lint vulncheck release fuzz fmt check setup measure-accounts measure-replay measure-swaps bench test-replicas soak histories

GOTESTSUM := go run gotest.tools/gotestsum@v1.13.0
# The policies to check: the ones that ship, or the copy of a security team.
POLICIES ?= policies
OPA := go tool -modfile=policies/opa/go.mod opa
REGAL := go tool -modfile=policies/regal/go.mod regal
# These tools have modules of their own, so that their dependencies stay out of Nidan.
LINT := go tool -modfile=.ci/lint/go.mod golangci-lint
GOVULNCHECK := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GORELEASER := go run github.com/goreleaser/goreleaser/v2@v2.17.0
# The folder for the events of go test, for programs that count the tests.
RESULTS ?=
FUZZTIME ?= 10s
# The Kratos that the tests run on: a program; if none is named, the Kratos that is built.
KRATOS ?=
export KRATOS := $(if $(KRATOS),$(abspath $(KRATOS)))

help: ## Say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

TESTSUM = $(GOTESTSUM) --format pkgname-and-test-fails $(if $(RESULTS),--jsonfile $(RESULTS)/$@)

# make test runs the tests in parts, several at a time. The pattern that puts a test into one part leaves it out of the other parts, and a test
# at the root checks that each test is in one part. All tests that need the demo's ports are in one part.
PARTS := test-e2e-first test-e2e-rest test-proofs test-commands test-servers test-races test-layers test-others
E2E_FIRST := ^Test(A|Demo|The)
# Tests in which many things happen at the same time.
E2E_RACES := ^Test(ADataRace|NidanHasTheRaceDetector|ARightCodeEnteredManyTimes|ARollingRestartRefusesNobody|ATraceOfKratos|SecretsTokensAndPasswordRotate|SettingsCountEverywhere|WhoIsSigningInWhenNidan)
# Tests that start what "nidan serve" starts, or a part of it.
CMD_SERVERS := ^Test(AControlPlane|AMissingFolder|AQuestion|Doctor|EachMetric|Mail|Migrate|OneProcess|RecordsThatCannotBeSealed|Serve|TheDashboard|TheMailCatcher|TheReferenceOfMetrics|WhatIsKept)

test: setup check policies kratos ## Install what the tests need, build Kratos once, run everything; on another Kratos: KRATOS=program
	@$(MAKE) --no-print-directory --keep-going --jobs=3 $(PARTS)

# The race detector watches one program, and not the programs that it starts. The end-to-end tests start Nidan and Kratos, so the detector
# would find nothing there, and take a third of the processor time. These parts do not use it. In test-races, both the tests and Nidan are
# built with it. Nidan and Kratos start some hundred times: with GOGC=400, the garbage collector runs less often.
test-e2e-first:
	@GOGC=400 $(TESTSUM) -- -timeout 60m -run '$(E2E_FIRST)' -skip '$(E2E_RACES)' ./e2e

test-e2e-rest:
	@GOGC=400 $(TESTSUM) -- -timeout 60m -skip '$(E2E_FIRST)|$(E2E_RACES)' ./e2e

test-races:
	@$(TESTSUM) -- -race -timeout 60m -run '$(E2E_RACES)' ./e2e

# The proofs and the policy commands go through millions of inputs, one after the other. The race detector would find nothing there, and take
# ten times as long. They make much garbage: with GOGC=400, the garbage collector runs less often.
test-proofs:
	@GOGC=400 $(TESTSUM) -- -timeout 40m ./policies/proof ./policies/replay

test-commands:
	@GOGC=400 $(TESTSUM) -- -timeout 40m -skip '$(CMD_SERVERS)' ./cmd

# A test that its package leaves out if the race detector is on.
test-layers:
	@GOGC=400 $(TESTSUM) -- -timeout 40m -run '^TestTheTestsThatShipHoldUnderEveryLayer$$' ./policies

test-servers:
	@$(TESTSUM) -- -race -timeout 40m -run '$(CMD_SERVERS)' ./cmd

test-others:
	@$(TESTSUM) -- -race -timeout 70m $$(go list ./... | grep -vE '/(policies/proof|policies/replay|cmd|e2e)$$')

demo: ## Try it: a real Kratos, Nidan and a mail catcher on this machine
	@go run . demo

# The build needs the C compiler, which setup installs.
kratos: setup ## Build the Kratos that the demo and the tests run on, unless KRATOS=program names one
	@go run . demo --build-only $(if $(KRATOS),--kratos $(KRATOS))

screenshots: setup ## Take pictures of the sign-in page and the console, to docs/screenshots
	@go test -count=1 -tags screenshots -run TestScreenshots ./e2e

measure-accounts: setup ## Say how long the console's accounts take with 100,000 in Kratos
	@go test -count=1 -v -timeout 60m -tags measure -run TestMeasureAccounts ./e2e

# --threshold alone is not enough: OPA 1.22.2 then does not count a rule that no test reaches. With --coverage, opa does not name the tests
# that fail, so the tests run without it first.
policies: ## Check the policies, or those in POLICIES=folder: opa fmt, check and test
	@echo "Checking the policies. The first time, the opa command is built, which takes a minute or two."
	@$(OPA) fmt --list --fail $(POLICIES) || { echo "run make fmt for these" >&2; exit 1; }
	@$(OPA) check --strict --bundle --schema policies/schema $(POLICIES)
	@$(OPA) test --bundle --fail-on-empty $(POLICIES)
	@$(OPA) test --bundle --coverage --threshold 100 --verbose $(POLICIES) >/dev/null

# Regal is not a part of the target policies, and so not of test: building Regal takes longer than all checks there.
regal: ## Lint the policies, or those in POLICIES=folder, with Regal, as .regal/config.yaml there says
	@echo "Linting the policies. The first time, Regal is built, which takes some minutes."
	@$(REGAL) lint $(POLICIES)

lint: ## Lint Go with golangci-lint, as .golangci.yml says
	@echo "Linting Go. The first time, golangci-lint is built, which takes some minutes."
	@$(LINT) run ./...

vulncheck: ## Say which known vulnerabilities the code reaches
	@$(GOVULNCHECK) ./...

release: ## Make a release of the tag that is checked out; to dist/, without publishing it: SNAPSHOT=1
	@$(GORELEASER) release --clean $(if $(SNAPSHOT),--snapshot)

measure-replay: ## Measure how long it takes to replay a million recorded sign-ins
	@go test -count=1 -tags measure -run TestReplayingAMillion -v -timeout 30m ./cmd

test-replicas: setup check kratos ## Run the end-to-end tests on several Nidans over one PostgreSQL: REPLICAS=2
	@REPLICAS=$(or $(REPLICAS),2) go test -count=1 -timeout 60m ./e2e

soak: setup kratos ## Two hundred thousand challenges on two Nidans; fewer: SOAK=20000
	@go test -count=1 -tags measure -run TestSoak -v -timeout 3h ./e2e

measure-swaps: ## Swap ten thousand sets of policies under load
	@go test -count=1 -tags measure -run TestSwappingSetsUnderLoad -v -timeout 30m ./policies/live

histories: setup ## Check 100,000 calls on three replicas at once, with connections cut, against the contract
	@go test -count=1 -tags measure -run TestCallsAreCarriedOutAsIfOneAfterTheOther -v -timeout 60m ./hooks/contract

bench: setup ## Measure Nidan beside its peers, to bench/RESULTS.md; shorter or in parts: BENCH='-rounds 1 -parts calls,mail'
	@go run ./bench $(BENCH)

# The names of the fuzz tests are read from the files. If go test were asked for them, each package would first set up all that its tests need.
fuzz: ## Fuzz every parser, for FUZZTIME (10s) each
	@grep -rE --include='*_test.go' '^func Fuzz' . | sed -E 's|^(.*)/[^/]*:func (Fuzz[A-Za-z0-9_]*).*|\1 \2|' | sort | \
	while read -r folder target; do \
		echo "$$folder $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$folder" </dev/null || exit 1; \
	done

fmt: ## Format Go and Rego
	@gofmt -w .
	@$(OPA) fmt --write $(POLICIES)

check:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "run make fmt for: $$unformatted" >&2; exit 1; }
	@go vet ./...

setup:
	@.ci/setup
