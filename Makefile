# Two targets are all that a newcomer needs: `make run` and `make test`.
# Both install the system packages they lack, and say so.

GO ?= go
BIN := bin
export CGO_ENABLED ?= 0
LDFLAGS := -s -w
PKGS := ./...

# The window needs cgo for OpenGL and X11. These tags choose X11 alone (every
# Wayland desktop has it too), no bundled emoji, and the toolkit's newer threads.
# Other tags or flags compile its C part anew, which takes minutes.
WINDOW := migrated_fynedo,x11,no_emoji
# Without a C compiler, for the tools that only read the code.
HEADLESS := ci

.PHONY: run build window test check race attack bench bench-gui pictures fuzz clean

## run: start a server with invented entries and play the whole story; where
## there is a display, open the window against it afterwards
run: build
	@packaging/linux/need.sh run
	@if [ -n "$$DISPLAY" ]; then $(MAKE) --no-print-directory window; fi
	@$(GO) run ./packaging/story -bin $(BIN) $(ARGS)

## build: the command line and the server, into bin/
build:
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/tideover-cli ./cmd/tideover-server

## window: the desktop app, into bin/; the first time takes some minutes
window:
	@packaging/linux/need.sh window
	@mkdir -p $(BIN)
	@CGO_ENABLED=1 $(GO) build -tags $(WINDOW) -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/tideover

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
	@$(GO) vet -tags $(HEADLESS) $(PKGS)
	@echo "== staticcheck"
	@$(GO) tool staticcheck -tags $(HEADLESS) $(PKGS)
	@echo "== errcheck"
	@$(GO) tool errcheck -ignoretests -tags $(HEADLESS) $(PKGS)
	@echo "== builds for Windows and macOS"
	@GOOS=windows $(GO) build -o /dev/null ./cmd/tideover-cli && GOOS=windows $(GO) build -o /dev/null ./cmd/tideover-server
	@GOOS=darwin $(GO) build -o /dev/null ./cmd/tideover-cli && GOOS=darwin $(GO) build -o /dev/null ./cmd/tideover-server

## race: every test under the race detector; fuzz targets run their seeds. The
## stories of the window come last, alone, and with the program as it ships: they
## look at a screen, and under the detector a picture takes seconds to paint. The
## window's own code runs under it in the tests of app
race:
	@echo "== tests"
	@CGO_ENABLED=1 GORACE=$(RESTLESS) $(GO) test -race $(UNWATCHED:%='-gcflags=%=-race=false') -tags $(WINDOW) -timeout 20m $$($(GO) list -tags $(HEADLESS) $(PKGS) | grep -v '/cmd/tideover$$')
	@echo "== the window, by keyboard and mouse"
	@CGO_ENABLED=1 $(GO) test -tags $(WINDOW) -timeout 20m ./cmd/tideover

# Under the detector every process rests for a second before it ends, the test
# binaries as well as what they start: in all, minutes.
RESTLESS := atexit_sleep_ms=10

# Compiled without the detector's calls at their own reads and writes. SQLite and
# the C library, translated to Go, keep what is theirs in memory of their own,
# outside of the heap, where the detector sees nothing anyhow; Argon2 fills blocks
# that nobody else has. Watched, they take five to ten times as long and most of
# the time of all tests. Whatever touches values of ours stays watched: the driver
# that copies them to and from SQLite, and the hash that reads a password before
# Argon2 begins. Locks and goroutines order what they order there, as everywhere
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory golang.org/x/crypto/argon2

## attack: attack the built programs, and print a table of what came of it; a
## smoke of it is in make test. ARGS='-only disk', ARGS='-seed 7 -kills 2000'
attack: build
	@packaging/linux/need.sh run
	@$(GO) run ./packaging/attack -bin $(BIN) $(ARGS)

## bench: our programs beside keepassxc-cli, libargon2 and the limit, as ratios
bench: build
	@packaging/linux/need.sh bench
	@$(GO) run ./packaging/bench/kdbx $(ARGS)
	@$(GO) run ./packaging/bench/cache -bin $(BIN)
	@$(GO) test -run '^$$' -bench . -benchtime 1s ./vault/policy ./vault/server/catalog ./tpm ./vault/cache
	@$(GO) test -run '^$$' -bench Leaver -benchtime 1x ./cmd

## bench-gui: the window beside KeePassXC's on 100,000 entries; ARGS='-keep folder'
## keeps what it prepares
bench-gui: build window
	@packaging/linux/need.sh bench-gui
	@$(GO) run ./packaging/bench/gui -bin $(BIN) $(ARGS)

## pictures: one of every screen of the window, into build/pictures, and those of
## the README; ARGS='-variants light,dark,light-200,dark-200,german' for all
pictures: build window
	@packaging/linux/need.sh pictures
	@CGO_ENABLED=1 $(GO) build -tags $(WINDOW),gallery -o $(BIN)/ ./packaging/gallery
	@$(GO) run ./packaging/pictures -bin $(BIN) $(ARGS)

## fuzz: ten minutes for every parser
FUZZTIME ?= 10m
fuzz:
	@for p in $$($(GO) list -tags $(HEADLESS) $(PKGS)); do \
	  for f in $$($(GO) test -tags $(HEADLESS) -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$f"; $(GO) test -tags $(HEADLESS) -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done; done

clean:
	rm -rf $(BIN) build
