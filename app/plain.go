package app

import "fyne.io/fyne/v2"

// plain is the toolkit's clipboard for desktops where native has no own way. It
// is called away from the painting goroutine, which the toolkit's clipboard
// wants.
type plain struct{ c Config }

func (p plain) Content() string {
	got := make(chan string, 1)
	p.c.Post(func() { got <- p.c.App.Clipboard().Content() })
	return <-got
}

func (p plain) SetContent(text string) {
	set := make(chan struct{})
	p.c.Post(func() {
		p.c.App.Clipboard().SetContent(text)
		close(set)
	})
	<-set
}

var (
	_ interface{ Content() string } = plain{}
	_ fyne.Clipboard                = plain{}
)
