GOLANGCI ?= github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 60s
CHAOSTIME ?= 10m
CHAOSSEED ?= $(shell date +%s)

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: ## run every test
	go test ./...

.PHONY: race
race: ## run every test under the race detector
	go test -race ./...

.PHONY: interop
interop: ## log in at authorization servers that others wrote
	cd authflow/interop && go test ./...

.PHONY: lint
lint: ## look for what .golangci.yml forbids
	go run $(GOLANGCI) run

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME, up to the first failure
	@set -e; list=$$(go test -list '^Fuzz' ./...); \
	echo "$$list" | awk '/^Fuzz/ { f[n++] = $$1 } $$1 == "ok" { for (i = 0; i < n; i++) print $$2, f[i]; n = 0 }' | \
	while read -r pkg target; do \
		echo "== $$pkg $$target"; \
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg" </dev/null; \
	done

.PHONY: chaos
chaos: ## kill, freeze and mislead replicas at random for CHAOSTIME, as CHAOSSEED has it
	go test -v -count=1 -timeout 0 -run '^TestChaos$$/at_random' ./cmd/usher -args -chaos.for $(CHAOSTIME) -chaos.seed $(CHAOSSEED)

.PHONY: bench
bench: ## measure the polling of logins beside the least that would do
	go run ./cmd/bench logins

.PHONY: bench-go
bench-go: ## run every benchmark of Go
	go test -run '^$$' -bench . -benchmem ./...

.PHONY: bench-commands
bench-commands: ## measure the bot beside bare handlers, on all platforms
	go run ./cmd/bench commands

.PHONY: cover
cover: ## say which functions the tests do not reach
	go test -coverprofile=cover.out ./...
	go tool cover -func=cover.out

.PHONY: ci
ci: ## run what a change must pass
	bash .ci/run
