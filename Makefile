# `make` prints what there is. Everything runs with Go alone; the linter builds
# itself once, from tools/go.mod, into bin/.

# Counted, not timed: before Go 1.27 the end of a timed run may be reported as a
# failure (golang.org/issue/75804).
FUZZTIME  ?= 20000x
ASK       ?= 1000000
BENCH     ?= .
PODS      ?= 100,1000,10000,150000
PEER      ?=
SIZES     ?= 10,100,1000,10000
N         ?= 1000
SEED      ?= 1
# A machine that is busy with other work must not end a test.
TESTFLAGS ?= -timeout 30m

LINT := bin/golangci-lint

.DEFAULT_GOAL := help

.PHONY: help
help: ## Print this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/portolan
	go build -trimpath -o bin/portolan ./cmd/portolan

.PHONY: test
test: ## Run every test, of every module but tools
	@tools/needs.sh
	go test $(TESTFLAGS) ./...
	@set -e; for mod in $$(find . -mindepth 2 -name go.mod -not -path '*/testdata/*' -not -path './tools/*' -not -path './.*' | sort); do \
	  echo "--- $$(dirname $$mod)"; \
	  tools/cold.sh $$(dirname $$mod); \
	  (cd $$(dirname $$mod) && go test $(TESTFLAGS) ./...); \
	done

.PHONY: e2e
e2e: ## Hold every command against a real kube-apiserver, etcd, kube-proxy, kubectl
	@tools/needs.sh
	@tools/cold.sh internal/e2e
	cd internal/e2e && go test -count=1 $(TESTFLAGS) -v ./...

.PHONY: lint
lint: $(LINT) ## Run the linters (.golangci.yml) and go vet
	go vet ./...
	$(LINT) run ./...

.PHONY: fmt
fmt: $(LINT) ## Format every Go file
	$(LINT) fmt ./...

.PHONY: fuzz
fuzz: ## Ask ASK (1000000) questions; FUZZTIME (20000x) inputs for each target
	$(MAKE) ask N=$(ASK)
	FUZZTIME=$(FUZZTIME) tools/fuzz.sh

.PHONY: bench
bench: ## Print what PODS pods cost, and PEER (path of a netpol-analyzer) beside us
	go run ./internal/bench -sizes='$(PODS)'
	@if [ -n '$(PEER)' ]; then set -e; \
	  go build -trimpath -o bin/portolan ./cmd/portolan; \
	  go run ./internal/bench -sizes= -peer='$(abspath $(PEER))' -portolan=bin/portolan; \
	  PEER='$(abspath $(PEER))' go test -count=1 -timeout 1h -v -run '^Test(SameAnswers|Differences)$$' ./internal/bench; \
	fi

.PHONY: bench-go
bench-go: ## Run the Go benchmarks that match BENCH (all)
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: bench-kernel
bench-kernel: ## Load SIZES Services into a kernel beside kube-proxy (root, minutes)
	@tools/needs.sh
	cd internal/upstream && go test -count=1 -timeout 1h -run '^TestBeside$$' -v . \
	  -args -sizes=$(SIZES) -balancers -samples=5 -rounds=10 -connections=5000

.PHONY: prove
prove: ## Compare N (1000) flows of random clusters, from SEED (1) on, with a kernel
	go test -count=1 -timeout 24h -run '^TestRandomClusters$$' -v ./internal/proof \
	  -args -proof.flows=$(N) -proof.clusters=1 -proof.seed=$(SEED)

.PHONY: judge
judge: ## Ask N (1000) random clusters of kube-proxy itself and of our rules
	cd internal/upstream && go test -count=1 -timeout 10h -run '^TestRandomClusters$$' -v . -args -clusters=$(N)

.PHONY: ask
ask: ## Ask N (1000) questions of the chart, the walk and the oracle, from SEED (1) on
	go test -count=1 -timeout 10h -run '^TestAskEquals' -v ./reach -args -reach.n=$(N) -reach.seed=$(SEED)

# Which packages are broken, and which tests are asked besides theirs.
MUTATE  ?= ./policy ./reach
JUDGES  ?= ./internal/oracle,./reach
# A part of the mutants: RUN is a regular expression, SHARD is K/N.
RUN     ?=
SHARD   ?= 1/1

.PHONY: mutate
mutate: ## Break MUTATE (policy, reach) in thousands of ways and see which no test notices
	nice go run -C tools ./mutate -run '$(RUN)' -shard '$(SHARD)' -tests '$(JUDGES)' $(MUTATE)

.PHONY: update
update: ## Rewrite goldens, transcripts and generated docs
	go mod tidy
	UPDATE=1 go test -short -count=1 ./...

.PHONY: verify
verify: ## Fail if `make update` would change anything
	tools/verify.sh

.PHONY: ci
ci: ## Do what CI does
	bash .ci/run

.PHONY: clean
clean: ## Remove bin/
	rm -rf bin

$(LINT): tools/go.mod tools/go.sum
	go build -C tools -o ../$(LINT) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
