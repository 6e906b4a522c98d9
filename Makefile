# make          builds ./picket
# make lab      plays the failovers on real Redis processes, in this terminal
# make image    the container image picket:lab (IMAGE=name:tag chooses), for deploy/compose
# make test     everything that must hold: lint, all tests with -race, end to end
# make deb      dist/picket_VERSION_ARCH.deb, the Debian package (GOARCH=arm64 for that of another machine)
# make test-deploy  what an operator installs, tried where it is used: a booted Debian, the compose lab, the package, Prometheus
# make sim      the simulator for SIM_SECONDS (an hour)
# make sim-minute, make mutations: a minute of it, and every broken core caught
# make fault-lab  what faults cost, with picket and redis-sentinel (SCENES=regexp chooses)
# make fuzz     every fuzz target of the tree in turn, for FUZZ_TIME (30s) each (FUZZ=regexp chooses)
# make soak     picket and redis-sentinel side by side under faults that are no reason to fail over, for SOAK (30m)
# make bench    picket and redis-sentinel in turn for ROUNDS (10), and the targets asserted
# make bench-scale  the same over SCALE masters on fake servers (SCALE=100,400,1000 is everything)
GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
TESTFLAGS ?=
SCALE     ?= 100,400
export PATH := $(PATH):$(CURDIR)/.cache/redis/bin

.PHONY: all build setup clients test race sim sim-minute mutations lint fmt vet staticcheck e2e lab fault-lab bench bench-scale soak fuzz check clean test-deploy image deb

all: build
build: ; CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o picket ./cmd/picket
image: build ; @deploy/compose/image.sh $(or $(IMAGE),picket:lab)
deb: ; @GO='$(GO)' deploy/debian/build.sh
setup: ; @deploy/lab/get-redis.sh
clients: ; @deploy/lab/get-clients.sh
lint: fmt vet staticcheck
fmt: ; @bad=$$($$($(GO) env GOROOT)/bin/gofmt -l .); [ -z "$$bad" ] || { echo "not gofmt'd:"; echo "$$bad"; exit 1; }
vet: ; $(GO) vet ./...
staticcheck: ; $(GO) tool -modfile=deploy/tools/go.mod staticcheck ./...
race: setup ; $(GO) test -race -timeout 5m $(TESTFLAGS) $$($(GO) list ./... | grep -v /deploy/e2e)
SIM       := $(GO) test -count=1 -v ./failover/sim
sim: ; MUTATIONS=1 SIM_SECONDS=$(or $(SIM_SECONDS),3600) $(SIM) -timeout 24h -run '^(TestSim|TestSeedsOfBugs|TestScenes|TestExplore.*|TestMutations)$$' -length 1h -workers 2 -from 0 -each
sim-minute: ; SIM_SECONDS=60 $(SIM) -timeout 5m -run '^TestSim$$' -length 1h -workers 2
mutations: ; MUTATIONS=1 $(SIM) -timeout 15m -run '^TestMutations$$'
fuzz: ; @set -e; grep -roE --include='*_test.go' '^func Fuzz[A-Za-z]*' . | grep -E '$(or $(FUZZ),.)' | sort | while IFS=: read -r file name; do \
	target=$${name#func }; echo "$$target in $$(dirname $$file)"; \
	$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(or $(FUZZ_TIME),30s) -fuzzminimizetime 10x $(if $(FUZZ_WORKERS),-parallel $(FUZZ_WORKERS)) $$(dirname $$file) < /dev/null; done
e2e: setup clients ; $(GO) test -race -count=1 -timeout 9m -parallel 3 $(TESTFLAGS) ./deploy/e2e
fault-lab: build setup ; PICKET_BINARY=$(CURDIR)/picket $(GO) test -count=1 -timeout 20m -v -parallel 4 -run '^TestFaultLab$$' ./deploy/e2e -scenes '$(or $(SCENES),.)' $(if $(CI)$(SCENES),,-results RESULTS.md)
soak: build setup ; PICKET_BINARY=$(CURDIR)/picket $(GO) test -count=1 -timeout 24h -v -run '^TestSoak$$' ./deploy/e2e -soak $(or $(SOAK),30m) -soak-seed $(or $(SEED),0) $(if $(CI)$(SOAK),,-soak-results RESULTS-soak.md)
bench: build setup ; PICKET_BINARY=$(CURDIR)/picket $(GO) test -count=1 -timeout 15m -v -run '^TestBench' ./deploy/e2e -rounds $(or $(ROUNDS),10)
bench-scale: build setup ; PICKET_BINARY=$(CURDIR)/picket $(GO) test -count=1 -timeout 60m -v ./deploy/e2e/scale -masters $(SCALE) $(if $(RESULTS),-results $(abspath $(RESULTS)))
lab: build setup ; ./picket lab
test: lint race sim-minute mutations e2e
# DEPLOY=1 lets run what needs root, Debian's packages or the engine; what is missing is said and skipped.
DEPLOYED  = $$($(GO) list ./deploy/... | grep -vE '/deploy/(arch|e2e|estate|lab)')
test-deploy: build setup ; deploy/machine/get-debian.sh; deploy/browser/get-chromium.sh; deploy/prometheus/get-prometheus.sh; PICKET_BINARY=$(CURDIR)/picket DEPLOY=1 $(GO) test -count=1 -p 1 -timeout 8m $(TESTFLAGS) $(DEPLOYED)
check: test
clean: ; rm -rf picket .cache dist
