package screen

import (
	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
)

// noticeMessage returns what a strip says of a notice; nil: nothing.
func noticeMessage(n *present.Notice) widget.Message {
	if n == nil {
		return widget.Message{}
	}
	return widget.Message{Level: noticeLevel(n.Severity), Text: n.Message, Remedy: n.Remedy}
}

func noticeLevel(s present.Severity) widget.Level {
	switch s {
	case present.Good:
		return widget.LevelSuccess
	case present.Warning:
		return widget.LevelWarning
	case present.Alarm:
		return widget.LevelError
	}
	return widget.LevelInfo
}

func show(o fyne.CanvasObject, shown bool) {
	if shown {
		o.Show()
	} else {
		o.Hide()
	}
}

func enable(w interface {
	Enable()
	Disable()
}, on bool,
) {
	if on {
		w.Enable()
	} else {
		w.Disable()
	}
}
