package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
)

// loginPlace is where a person signs in.
type loginPlace struct {
	d    *Desktop
	root *fyne.Container
}

func newLoginPlace(d *Desktop) *loginPlace { return &loginPlace{d: d, root: container.NewStack()} }

func (p *loginPlace) object() fyne.CanvasObject { return p.root }
func (p *loginPlace) paint()                    {}
func (p *loginPlace) enter()                    {}
func (p *loginPlace) leave()                    {}

// tell shows a notice.
func (p *loginPlace) tell(*present.Notice) {}

// begin is called when the status was read for the first time: no server at the
// login opens the prompt of a usable cache by itself.
func (p *loginPlace) begin() {}

// mayOffline reports whether the server said that the user has entries that are
// permitted for offline use.
func (p *loginPlace) mayOffline() bool { return false }
