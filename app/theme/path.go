package theme

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// curveSteps is how many lines stand for one curve: at 24 units a curve is
// 20 units long at most, so that a line is under one pixel up to scale 2.
const curveSteps = 16

// pathReader reads the path data of SVG 1.1, 8.3: M L H V C S A Z in both cases.
type pathReader struct {
	rest  string
	lines []polyline
	at    point
	lean  point // where the last curve came from, mirrored: S starts with it
}

// parsePath flattens path data into lines.
func parsePath(d string) ([]polyline, error) {
	r := &pathReader{rest: d}
	command := byte(0)
	for {
		r.rest = strings.TrimLeft(r.rest, " ,\n\t")
		if r.rest == "" {
			return r.lines, nil
		}
		if c := r.rest[0]; strings.IndexByte("MmLlHhVvCcSsAaZz", c) >= 0 {
			command, r.rest = c, r.rest[1:]
		}
		if err := r.step(command); err != nil {
			return nil, fmt.Errorf("path %q: %w", d, err)
		}
		switch command { // more pairs after a move are lines
		case 'M':
			command = 'L'
		case 'm':
			command = 'l'
		}
	}
}

// step reads the arguments of one command and draws it.
func (r *pathReader) step(command byte) error {
	origin := point{}
	lower := command >= 'a'
	if lower {
		origin = r.at
	}
	counts := map[byte]int{'M': 2, 'L': 2, 'H': 1, 'V': 1, 'C': 6, 'S': 4, 'A': 7, 'Z': 0}
	upper := command &^ 0x20
	count, ok := counts[upper]
	if !ok {
		return fmt.Errorf("command %q", command)
	}
	n := make([]float64, count)
	for i := range n {
		v, err := r.number(upper == 'A' && (i == 3 || i == 4))
		if err != nil {
			return err
		}
		n[i] = v
	}
	if upper != 'S' && upper != 'C' {
		r.lean = point{}
	}
	switch upper {
	case 'M':
		r.at = origin.add(point{n[0], n[1]})
		r.lines = append(r.lines, polyline{points: []point{r.at}})
	case 'L':
		r.to(origin.add(point{n[0], n[1]}))
	case 'H':
		r.to(point{origin.x + n[0], r.at.y})
	case 'V':
		r.to(point{r.at.x, origin.y + n[0]})
	case 'C':
		r.curve(origin.add(point{n[0], n[1]}), origin.add(point{n[2], n[3]}), origin.add(point{n[4], n[5]}))
	case 'S':
		r.curve(r.at.add(r.lean), origin.add(point{n[0], n[1]}), origin.add(point{n[2], n[3]}))
	case 'A':
		r.arc(n[0], n[3] != 0, n[4] != 0, origin.add(point{n[5], n[6]}))
	case 'Z':
		last := &r.lines[len(r.lines)-1]
		last.closed = true
		r.at = last.points[0]
	}
	return nil
}

// number reads one number; the flags of an arc are one digit each.
func (r *pathReader) number(flag bool) (float64, error) {
	r.rest = strings.TrimLeft(r.rest, " ,\n\t")
	end := 0
	for seen := false; end < len(r.rest); end++ {
		c := r.rest[end]
		if c == '.' && seen || c == '-' && end > 0 || c != '.' && c != '-' && (c < '0' || c > '9') {
			break
		}
		seen = seen || c == '.'
		if flag {
			end++
			break
		}
	}
	v, err := strconv.ParseFloat(r.rest[:end], 64)
	r.rest = r.rest[end:]
	return v, err
}

func (r *pathReader) to(p point) {
	if len(r.lines) == 0 || r.lines[len(r.lines)-1].closed {
		r.lines = append(r.lines, polyline{points: []point{r.at}})
	}
	last := &r.lines[len(r.lines)-1]
	last.points = append(last.points, p)
	r.at = p
}

func (r *pathReader) curve(b, c, d point) {
	a := r.at
	for i := 1; i <= curveSteps; i++ {
		t := float64(i) / curveSteps
		u := 1 - t
		r.to(a.scale(u * u * u).add(b.scale(3 * u * u * t)).add(c.scale(3 * u * t * t)).add(d.scale(t * t * t)))
	}
	r.lean = d.sub(c)
}

// arc draws a part of a circle; SVG 1.1, F.6.5 with equal radii. A radius that
// does not reach is stretched, F.6.6.
func (r *pathReader) arc(radius float64, large, sweep bool, end point) {
	half := end.sub(r.at).scale(0.5)
	if half.length() == 0 || radius == 0 {
		r.to(end)
		return
	}
	radius = math.Max(radius, half.length())
	height := math.Sqrt(math.Max(0, radius*radius-half.length()*half.length()))
	if large == sweep {
		height = -height
	}
	centre := r.at.add(half).add(half.left().scale(-height / half.length()))
	from := r.at.sub(centre).angle()
	turn := end.sub(centre).angle() - from
	if sweep && turn <= 0 {
		turn += 2 * math.Pi
	} else if !sweep && turn >= 0 {
		turn -= 2 * math.Pi
	}
	steps := max(2, int(math.Ceil(math.Abs(turn)/0.2)))
	for i := 1; i < steps; i++ {
		r.to(centre.add(polar(from+turn*float64(i)/float64(steps), radius)))
	}
	r.to(end)
}
