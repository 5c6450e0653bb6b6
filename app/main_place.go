package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
)

// mainPlace is where a person works with entries.
type mainPlace struct {
	d    *Desktop
	root *fyne.Container
}

func newMainPlace(d *Desktop) *mainPlace { return &mainPlace{d: d, root: container.NewStack()} }

func (p *mainPlace) object() fyne.CanvasObject { return p.root }
func (p *mainPlace) paint()                    {}
func (p *mainPlace) enter()                    {}
func (p *mainPlace) leave()                    {}

// tell shows a notice.
func (p *mainPlace) tell(*present.Notice) {}

// state adds what is selected.
func (p *mainPlace) state(s present.State) present.State { return s }

// choices are what a command can be given for, of what is selected.
func (p *mainPlace) choices(present.Choices) []choice { return nil }

// countdown shows how much is left, from 1 to 0, of the time that a copied
// value stays; words say what was copied.
func (p *mainPlace) countdown(left float64, words string) {}

// reload lists the entries anew.
func (p *mainPlace) reload() {}
