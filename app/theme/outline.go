package theme

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// outline turns an icon of strokes into the same icon of filled shapes. The
// toolkit recolours fills only (internal/svg.Colorize), and draws a stroke in
// the colour of the file whatever the theme says; with outlines, disabled and
// highlighted icons come out right too.
//
// It reads what assets/icons uses: path, circle and rect below one svg element
// with a stroke-width, round caps and joins; fill="currentColor" on a shape
// fills it as well, stroke="none" leaves the stroke out.
func outline(svg []byte) ([]byte, error) {
	var out bytes.Buffer
	width := 1.75
	for dec := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attr := make(map[string]string)
		for _, a := range element.Attr {
			attr[a.Name.Local] = a.Value
		}
		if element.Name.Local == "svg" {
			if width, err = strconv.ParseFloat(attr["stroke-width"], 64); err != nil {
				return nil, err
			}
			fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%s">`, attr["viewBox"])
			continue
		}
		lines, err := shape(element.Name.Local, attr)
		if err != nil {
			return nil, err
		}
		var fill, stroke strings.Builder // apart: opposite senses would cancel out
		for _, l := range lines {
			if attr["fill"] == "currentColor" {
				loop(&fill, l.points)
			}
			if attr["stroke"] != "none" {
				l.stroke(&stroke, width/2)
			}
		}
		for _, d := range []string{fill.String(), stroke.String()} {
			if d != "" {
				fmt.Fprintf(&out, `<path d="%s"/>`, d)
			}
		}
	}
	out.WriteString("</svg>")
	return out.Bytes(), nil
}

// shape flattens one element into lines.
func shape(name string, attr map[string]string) ([]polyline, error) {
	n := func(key string) float64 {
		v, _ := strconv.ParseFloat(attr[key], 64) // absent counts as 0, as SVG has it
		return v
	}
	switch name {
	case "path":
		return parsePath(attr["d"])
	case "circle":
		cx, cy, r := n("cx"), n("cy"), n("r")
		return parsePath(fmt.Sprintf("M%g %ga%g %g 0 1 1 %g 0a%g %g 0 1 1 %g 0Z", cx-r, cy, r, r, 2*r, r, r, -2*r))
	case "rect":
		x, y, w, h, r := n("x"), n("y"), n("width"), n("height"), n("rx")
		return parsePath(fmt.Sprintf("M%g %gh%ga%g %g 0 0 1 %g %gv%ga%g %g 0 0 1 %g %gh%ga%g %g 0 0 1 %g %gv%ga%g %g 0 0 1 %g %gZ",
			x+r, y, w-2*r, r, r, r, r, h-2*r, r, r, -r, r, 2*r-w, r, r, -r, -r, 2*r-h, r, r, r, -r))
	default:
		return nil, fmt.Errorf("element %q in an icon", name)
	}
}

// polyline is one sub-path, its curves as short lines.
type polyline struct {
	points []point
	closed bool
}

type point struct{ x, y float64 }

func (p point) add(q point) point     { return point{p.x + q.x, p.y + q.y} }
func (p point) sub(q point) point     { return point{p.x - q.x, p.y - q.y} }
func (p point) scale(f float64) point { return point{p.x * f, p.y * f} }
func (p point) length() float64       { return math.Hypot(p.x, p.y) }
func (p point) left() point           { return point{p.y, -p.x} } // a quarter turn
func (p point) cross(q point) float64 { return p.x*q.y - p.y*q.x }
func (p point) angle() float64        { return math.Atan2(p.y, p.x) }
func polar(angle, radius float64) point {
	return point{radius * math.Cos(angle), radius * math.Sin(angle)}
}

// stroke appends the outline of a line of half-width r: one loop around an
// open line, two of opposite sense for a closed one.
func (l polyline) stroke(d *strings.Builder, r float64) {
	pts := distinct(l.points, l.closed)
	if len(pts) == 0 {
		return
	}
	back := make([]point, len(pts))
	for i, p := range pts {
		back[len(pts)-1-i] = p
	}
	if l.closed && len(pts) > 2 {
		loop(d, side(pts, r, true))
		loop(d, side(back, r, true))
		return
	}
	loop(d, append(side(pts, r, false), side(back, r, false)...))
}

// side walks along a line at distance r on its left, with round joins, and a
// round cap at its end if it is open.
func side(pts []point, r float64, closed bool) []point {
	var out []point
	n := len(pts)
	segments := n - 1
	if closed {
		segments = n
	}
	for i := range segments {
		a, b := pts[i], pts[(i+1)%n]
		dir := b.sub(a).scale(1 / b.sub(a).length())
		off := dir.left().scale(r)
		out = append(out, a.add(off), b.add(off))
		if !closed && i == segments-1 {
			out = arcAround(out, b, off.angle(), math.Pi, r)
			break
		}
		c := pts[(i+2)%n]
		next := c.sub(b).scale(1 / c.sub(b).length())
		turn := math.Atan2(dir.cross(next), dir.x*next.x+dir.y*next.y)
		switch {
		case turn > 0: // away from this side: round the corner
			out = arcAround(out, b, off.angle(), turn, r)
		case turn < -0.5: // towards it: through the corner, which keeps the winding right
			out = append(out, b)
		}
	}
	return out
}

// arcAround appends points on a circle, from an angle over a turn.
func arcAround(out []point, centre point, from, turn, r float64) []point {
	steps := int(math.Ceil(math.Abs(turn) / 0.35))
	for i := 1; i < steps; i++ {
		out = append(out, centre.add(polar(from+turn*float64(i)/float64(steps), r)))
	}
	return out
}

// distinct drops points that stand on their predecessor.
func distinct(pts []point, closed bool) []point {
	var out []point
	for _, p := range pts {
		if len(out) == 0 || p.sub(out[len(out)-1]).length() > 1e-4 {
			out = append(out, p)
		}
	}
	if closed && len(out) > 1 && out[0].sub(out[len(out)-1]).length() <= 1e-4 {
		out = out[:len(out)-1]
	}
	return out
}

// loop appends one closed sub-path.
func loop(d *strings.Builder, pts []point) {
	for i, p := range pts {
		command := "L"
		if i == 0 {
			command = "M"
		}
		d.WriteString(command + strconv.FormatFloat(p.x, 'f', 3, 64) + " " + strconv.FormatFloat(p.y, 'f', 3, 64))
	}
	d.WriteString("Z")
}
