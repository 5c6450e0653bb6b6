package app

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
)

// unlockPlace is where the master password of the cache is asked for.
type unlockPlace struct {
	d    *Desktop
	root *fyne.Container
}

func newUnlockPlace(d *Desktop) *unlockPlace { return &unlockPlace{d: d, root: container.NewStack()} }

func (p *unlockPlace) object() fyne.CanvasObject { return p.root }
func (p *unlockPlace) paint()                    {}
func (p *unlockPlace) enter()                    {}
func (p *unlockPlace) leave()                    {}

// tell shows a notice.
func (p *unlockPlace) tell(*present.Notice) {}
