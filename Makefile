# make          builds ./picket
# make lab      plays the failovers on real Redis processes, in this terminal
# make test     everything that must hold: lint, all tests with -race, end to end
# make sim      the simulator for SIM_SECONDS (an hour)
# make bench    picket and redis-sentinel in turn, and the targets asserted
GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   := -s -w -X main.version=$(VERSION)
TESTFLAGS ?=
export PATH := $(PATH):$(CURDIR)/.cache/redis/bin

.PHONY: all build setup test race sim lint fmt vet staticcheck e2e lab bench check clean

all: build
build: ; CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o picket ./cmd/picket
setup: ; @deploy/lab/get-redis.sh
lint: fmt vet staticcheck
fmt: ; @bad=$$($$($(GO) env GOROOT)/bin/gofmt -l .); [ -z "$$bad" ] || { echo "not gofmt'd:"; echo "$$bad"; exit 1; }
vet: ; $(GO) vet ./...
staticcheck: ; $(GO) tool -modfile=deploy/tools/go.mod staticcheck ./...
race: setup ; $(GO) test -race -timeout 5m $(TESTFLAGS) $$($(GO) list ./... | grep -v /deploy/e2e)
sim: ; MUTATIONS=$(MUTATIONS) SIM_SECONDS=$(or $(SIM_SECONDS),3600) $(GO) test -count=1 -timeout 24h -v -run '^(TestSim|TestSeedsOfBugs|TestExplore.*|TestMutations)$$' ./failover/sim -length 1h -workers 2
e2e: setup ; $(GO) test -race -count=1 -timeout 9m -parallel 2 $(TESTFLAGS) ./deploy/e2e
bench: build setup ; PICKET_BINARY=$(CURDIR)/picket $(GO) test -count=1 -timeout 15m -v -run '^TestBench' ./deploy/e2e -rounds 10
lab: build setup ; ./picket lab
test: lint race e2e
check: test
clean: ; rm -rf picket .cache
