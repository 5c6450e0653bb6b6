#!/bin/sh
# need.sh WHAT: install the Debian or Ubuntu packages that a target of the
# Makefile lacks, saying which and why. It asks for rights only when something
# is missing, and changes nothing when everything is there.
set -eu

# One line each: the program that must be there | its package | why.
run="
swtpm|swtpm|a software TPM, for machines without a security chip
"
window="
gcc|gcc|the window is built with cgo
/usr/include/GL/gl.h|libgl1-mesa-dev|headers: the window is drawn by OpenGL
/usr/include/X11/Xlib.h|libx11-dev|headers: the window on X11
/usr/include/X11/Xcursor/Xcursor.h|libxcursor-dev|headers: its mouse pointers
/usr/include/X11/extensions/Xrandr.h|libxrandr-dev|headers: its screens
/usr/include/X11/extensions/Xinerama.h|libxinerama-dev|headers: its screens
/usr/include/X11/extensions/XInput2.h|libxi-dev|headers: its keyboard and mouse
/usr/include/X11/extensions/xf86vmode.h|libxxf86vm-dev|headers: its screens
/usr/include/xkbcommon/xkbcommon.h|libxkbcommon-dev|headers: its keyboard
"
screen='
Xvfb|xvfb|a screen for the window, on machines without one
xdotool|xdotool|types and clicks like a person
openbox|openbox|a window manager
dbus-daemon|dbus|a session bus of its own for each screen
tesseract|tesseract-ocr|reads what stands on the screen
dri|libgl1-mesa-dri|OpenGL by software, for screens without a graphics card
'
test="$window$screen
swtpm|swtpm|a software TPM for every test that seals something
keepassxc-cli|keepassxc|referee: our files must open in KeePassXC and its files here
keepass2|keepass2|referee: our files must open in KeePass 2
mcs|mono-mcs|compiles the small program that asks KeePass 2
pg_config_or_server|postgresql|the server must pass on a real PostgreSQL as on SQLite
unshare|util-linux|the client is tested in a network namespace without any interface
xclip|xclip|reads back what was copied
import|imagemagick|pictures of the window
gnome-keyring-daemon|gnome-keyring|a real keychain, for caches on machines without a TPM
"
bench='
swtpm|swtpm|a software TPM, to make caches with
keepassxc-cli|keepassxc|the program beside which ours is measured
argon2|argon2|libargon2, beside which our key derivation is measured
'
bench_gui="$window$screen
swtpm|swtpm|a software TPM, to make a cache with
keepassxc|keepassxc|the program beside which ours is measured
"

pictures="$window$screen
swtpm|swtpm|a software TPM, to make caches with
convert|imagemagick|gives the pictures of the README few colours
deu|tesseract-ocr-deu|reads the German pictures
"

case "${1:-}" in
run) list=$run ;;
window) list=$window ;;
test) list="$test" ;;
bench) list="$bench" ;;
bench-gui) list="$bench_gui" ;;
pictures) list="$pictures" ;;
*) echo "usage: need.sh run|window|test|bench|bench-gui|pictures" >&2; exit 2 ;;
esac

there() {
	case "$1" in
	pg_config_or_server) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;;
	/*) [ -e "$1" ] ;;
	deu) ls /usr/share/tesseract-ocr/*/tessdata/deu.traineddata >/dev/null 2>&1 ;;
	dri) ls /usr/lib/*/dri/swrast_dri.so >/dev/null 2>&1 ;;
	gcc) command -v gcc >/dev/null 2>&1 && [ -e /usr/include/stdlib.h ] ;;
	*) command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] ;;
	esac
}

missing=$(echo "$list" | while IFS='|' read -r program package why; do
	[ -n "$program" ] || continue
	there "$program" && continue
	echo "  $package: $why" >&2
	echo "$package"
	[ "$package" = gcc ] && echo libc6-dev
	true
done)

[ -n "$missing" ] || exit 0
echo "These packages are missing and are installed now:" $missing >&2
if ! command -v apt-get >/dev/null 2>&1; then
	echo "This is no Debian or Ubuntu: please install them by hand." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null 2>&1 || { echo "Please run as root: apt-get install" $missing >&2; exit 1; }
	as_root=sudo
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of package names
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
