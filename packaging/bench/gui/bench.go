package main

import (
	"context"
	"errors"
	"image"
	"strconv"

	"github.com/tideover/tideover/app/apptest"
)

// figures are what was measured of one program, by the work.
type figures map[work][]float64

// work is what a program is asked for.
type work string

// Times in milliseconds, memory in MiB.
const (
	workWindow work = "start until its window stands"
	workStart  work = "start until the first screen is painted"
	workUnlock work = "password until the list is painted"
	workFirst  work = "first key in the search until painted"
	workKey    work = "fourth key in the search until painted"
	workPage   work = "page down until painted"
	workWheel  work = "one notch of the wheel until painted"
	workRow    work = "next row until its details are painted"
	workLook   work = "light to dark and back until painted"

	rssStart work = "RSS at the first screen"
	pssStart work = "PSS at the first screen"
	rssList  work = "RSS when the list is painted"
	pssList  work = "PSS when the list is painted"
	rssAfter work = "RSS after all of the above"
	pssAfter work = "PSS after all of the above"
)

func (f figures) add(w work, v float64) { f[w] = append(f[w], v) }

// remember adds what a process holds.
func (f figures) remember(w *window, rss, pss work) error {
	m, err := memoryOf(w.cmd.Process.Pid)
	if err != nil {
		return err
	}
	f.add(rss, m.rss)
	f.add(pss, m.pss)
	return nil
}

// on has something done on a fresh screen. Pictures of what was seen in place of
// what was waited for go to a folder.
func on(ctx context.Context, pictures string, do func(*apptest.Screen) error) (err error) {
	down := apptest.On(ctx, func(s *apptest.Stage) {
		err = do(apptest.Start(s, apptest.Options{Width: screenWidth, Height: screenHeight, Failed: pictures}))
	})
	return errors.Join(down, err)
}

// starts measures n starts without anything to open.
func starts(ctx context.Context, o options, p program, f figures, n int) error {
	return on(ctx, o.pictures, func(s *apptest.Screen) error {
		for i := range n {
			w, painted, err := open(s, p, p.name, p.empty)
			if err != nil {
				return err
			}
			f.add(workWindow, ms(painted.First))
			f.add(workStart, ms(painted.Last))
			if err := f.remember(w, rssStart, pssStart); err != nil {
				return err
			}
			if i == 0 {
				w.picture(o.pictures, "start")
			}
			w.quit()
		}
		return nil
	})
}

// loads measures what follows a start with the entries; the last time all that
// is done with a list.
func loads(ctx context.Context, o options, p program, f figures, last bool) error {
	return on(ctx, o.pictures, func(s *apptest.Screen) error {
		w, _, err := open(s, p, p.locked, p.entries)
		if err != nil {
			return err
		}
		w.win.Resize(windowWidth, windowHeight)
		f.add(workUnlock, w.unlock())
		if err := f.remember(w, rssList, pssList); err != nil {
			return err
		}
		w.picture(o.pictures, "unlocked")
		if last {
			w.below = w.win.Place()
			w.below.Min.Y += p.bars
			use(o, w, f)
			if err := f.remember(w, rssAfter, pssAfter); err != nil {
				return err
			}
		}
		w.quit()
		return nil
	})
}

// use works with the list. Ours has all entries; KeePassXC's is that of one group
// until a search lists those below, so that the search comes first.
func use(o options, w *window, f figures) {
	times := func(what work, input func()) {
		for range o.reps {
			f.add(what, w.paint(input))
		}
		w.picture(o.pictures, string(what))
	}
	w.settle(searchPause, func() { w.Press(search) })
	for n := range min(w.firsts, o.reps) {
		if n > 0 {
			w.settle(pause, func() { w.Press("ctrl+a") })
			w.settle(searchPause, func() { w.Press("BackSpace") })
		}
		f.add(workFirst, w.paint(func() { w.Press(strconv.Itoa(1 + n%9)) }))
	}
	w.picture(o.pictures, string(workFirst))
	w.settle(pause, func() { w.Press("Down") }) // into the list
	times(workRow, func() { w.Press("Down") })
	times(workPage, func() { w.Press("Page_Down") })
	w.MoveTo(image.Pt(w.below.Min.X+w.below.Dx()*6/10, w.below.Min.Y+w.below.Dy()/4))
	times(workWheel, func() { w.PressButton(apptest.WheelDown) })
	w.settle(pause, func() { w.Press(search) })
	for n := range o.reps {
		number := strconv.Itoa(1000 + n*7919%9000)
		w.settle(pause, func() { w.Press("ctrl+a") })
		w.settle(searchPause, func() { w.Type(number[:3]) })
		f.add(workKey, w.paint(func() { w.Press(number[3:]) })) // finds fewer
	}
	w.picture(o.pictures, string(workKey))
	if len(w.look) > 0 {
		w.switchLook(o, f)
	}
}

// switchLook changes the colours by the menu.
func (w *window) switchLook(o options, f figures) {
	middle := func(text string) image.Point { r := w.See(text); return r.Min.Add(r.Max).Div(2) }
	press := func() { w.PressButton(apptest.LeftButton) }
	menu, part, choices := middle(w.look[0]), image.Point{}, [2]image.Point{}
	choose := func(n int) {
		w.settle(pause, func() { w.MoveTo(menu) })
		w.settle(pause, press)
		if part == (image.Point{}) {
			part = middle(w.look[1])
		}
		w.settle(pause, func() { w.MoveTo(part) }) // its own menu opens
		if choices[n] == (image.Point{}) {
			choices[n] = middle(w.look[2+n])
		}
		w.settle(pause, func() { w.MoveTo(image.Pt(choices[n].X, part.Y)) }) // into that, and then along it
		w.settle(pause, func() { w.MoveTo(choices[n]) })
	}
	choose(0)
	w.settle(pause, press)
	for i := range o.reps {
		choose((i + 1) % 2)
		f.add(workLook, w.paint(press))
	}
	w.picture(o.pictures, string(workLook))
}
