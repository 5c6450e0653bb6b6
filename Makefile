# Two targets are all that a newcomer needs: `make run` and `make test`.
# Both install the system packages they lack, and say so.

GO ?= go
BIN := bin
export CGO_ENABLED ?= 0
LDFLAGS := -s -w
PKGS := ./...

.PHONY: run build test check unit race fuzz-seeds bench fuzz clean

## run: start a server with invented entries and play the whole story
run: build
	@packaging/linux/need.sh run
	@$(GO) run ./packaging/story -bin $(BIN) $(ARGS)

## build: the command line and the server, into bin/
build:
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

## test: everything that must hold before a change lands
test:
	@packaging/linux/need.sh test
	@$(MAKE) --no-print-directory check race

## check: format, vet, staticcheck, unchecked errors
check:
	@echo "== format"
	@out=$$($(GO) tool gofumpt -l cmd vault tpm app assets packaging); \
	  if [ -n "$$out" ]; then echo "not formatted with gofumpt:"; echo "$$out"; exit 1; fi
	@echo "== vet"
	@$(GO) vet $(PKGS)
	@echo "== staticcheck"
	@$(GO) tool staticcheck $(PKGS)
	@echo "== errcheck"
	@$(GO) tool errcheck -ignoretests $(PKGS)
	@echo "== builds for Windows and macOS"
	@GOOS=windows $(GO) build -o /dev/null ./cmd/tideover-cli && GOOS=windows $(GO) build -o /dev/null ./cmd/tideover-server
	@GOOS=darwin $(GO) build -o /dev/null ./cmd/tideover-cli && GOOS=darwin $(GO) build -o /dev/null ./cmd/tideover-server

## race: every test under the race detector; fuzz targets run their seeds
race:
	@echo "== tests"
	@CGO_ENABLED=1 $(GO) test -race -timeout 20m $(PKGS)

## bench: our programs beside keepassxc-cli, libargon2 and the limit, as ratios
bench: build
	@packaging/linux/need.sh bench
	@$(GO) run ./packaging/bench/kdbx $(ARGS)
	@$(GO) run ./packaging/bench/cache -bin $(BIN)
	@$(GO) test -run '^$$' -bench . -benchtime 1s ./vault/policy ./vault/server/catalog ./tpm

## fuzz: ten minutes for every parser
FUZZTIME ?= 10m
fuzz:
	@for p in $$($(GO) list $(PKGS)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; done

clean:
	rm -rf $(BIN) build
