module github.com/tideover/tideover

go 1.26.0

require (
	fyne.io/fyne/v2 v2.8.0 // the window
	fyne.io/systray v1.12.2 // the tooltip of the tray icon, which Fyne does not pass on
	github.com/ccojocar/zxcvbn-go v1.0.4 // word lists for the strength of new passwords; all of it is the referee in tests
	github.com/fxamacker/cbor/v2 v2.9.6 // canonical CBOR of CTAP2, with limits: what security keys speak
	github.com/godbus/dbus/v5 v5.2.4 // D-Bus of Linux: session lock, sleep, tray host
	github.com/google/go-cmp v0.7.0 // differences in tests
	github.com/google/go-tpm v0.9.8 // talks to the security chip
	github.com/jackc/pgx/v5 v5.12.0 // driver of PostgreSQL
	github.com/jezek/xgb v1.1.1 // X11 without cgo: a clipboard that says "secret", idle time
	github.com/klauspost/compress v1.20.3 // gzip twice as fast as the standard one, for 100,000 entries
	github.com/pquerna/otp v1.5.0 // one-time codes (RFC 6238)
	github.com/pressly/goose/v3 v3.29.0 // migrations of the database
	github.com/rogpeppe/go-internal v1.16.0 // testscript: command-line stories as tests
	github.com/spf13/cobra v1.10.2 // the two command lines
	github.com/spf13/pflag v1.0.9 // cobra's flags, where a command checks which were given
	github.com/tobischo/argon2 v0.1.0 // Argon2d of foreign KDBX files, which x/crypto lacks
	github.com/tobischo/gokeepasslib/v3 v3.6.2 // KDBX 3.1 on import, and a referee in tests (ADR 0001)
	github.com/zalando/go-keyring v0.2.8 // session tokens where there is no chip
	golang.org/x/crypto v0.58.0 // Argon2id, ChaCha20, HKDF, cryptobyte
	golang.org/x/image v0.24.0 // enlarges pictures of the screen for reading, in tests
	golang.org/x/sync v0.24.0 // errgroup: listeners that end together
	golang.org/x/sys v0.49.0 // file locks and consoles of the systems
	golang.org/x/term v0.47.0 // prompts without echo
	golang.org/x/text v0.43.0 // NFC of passwords before any key is derived
	golang.org/x/time v0.16.0 // rate limits of the server
	modernc.org/sqlite v1.61.1 // SQLite without cgo
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/FyshOS/fancyfs v0.0.1 // indirect
	github.com/anthonynsimon/bild v0.14.0 // indirect
	github.com/boombuler/barcode v1.0.1-0.20190219062509-6c824513bacc // indirect
	github.com/clipperhouse/uax29/v2 v2.2.0 // indirect
	github.com/danieljoos/wincred v1.2.3 // indirect
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/fredbi/uri v1.1.1 // indirect
	github.com/fsnotify/fsnotify v1.9.0 // indirect
	github.com/fyne-io/gl-js v0.2.1-0.20260315212741-029c47fd27e8 // indirect
	github.com/fyne-io/image v0.1.1 // indirect
	github.com/fyne-io/oksvg v0.2.0 // indirect
	github.com/go-gl/gl v0.0.0-20260331235117-4566fea9a276 // indirect
	github.com/go-gl/glfw/v3.4/glfw v0.1.0-pre.1.0.20260707082822-2a407d02d01a // indirect
	github.com/go-text/render v0.2.1 // indirect
	github.com/go-text/typesetting v0.3.4 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/hack-pad/go-indexeddb v0.3.2 // indirect
	github.com/hack-pad/safejs v0.1.0 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/jackc/pgpassfile v1.0.0 // indirect
	github.com/jackc/pgservicefile v0.0.0-20240606120523-5a60cdf6a761 // indirect
	github.com/jackc/puddle/v2 v2.2.3 // indirect
	github.com/jeandeaual/go-locale v0.0.0-20250612000132-0ef82f21eade // indirect
	github.com/jsummers/gobmp v0.0.0-20230614200233-a9de23ed2e25 // indirect
	github.com/kisielk/errcheck v1.30.0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/mattn/go-runewidth v0.0.24 // indirect
	github.com/mfridman/interpolate v0.0.2 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/nfnt/resize v0.0.0-20180221191011-83c6a9932646 // indirect
	github.com/nicksnyder/go-i18n/v2 v2.5.1 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	github.com/rymdport/portal v0.4.2 // indirect
	github.com/sethvargo/go-retry v0.5.0 // indirect
	github.com/srwiley/oksvg v0.0.0-20221011165216-be6e8873101c // indirect
	github.com/srwiley/rasterx v0.0.0-20220730225603-2ab79fcdd4ef // indirect
	github.com/stretchr/testify v1.12.1 // indirect
	github.com/x448/float16 v0.8.4 // indirect
	github.com/yuin/goldmark v1.8.2 // indirect
	go.uber.org/multierr v1.11.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/net v0.61.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	honnef.co/go/tools v0.8.2 // indirect
	modernc.org/libc v1.79.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
	modernc.org/memory v1.12.1 // indirect
	mvdan.cc/gofumpt v0.12.0 // indirect
)

tool (
	github.com/kisielk/errcheck
	honnef.co/go/tools/cmd/staticcheck
	mvdan.cc/gofumpt
)
