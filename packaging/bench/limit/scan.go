package main

import "bytes"

// scan goes from tag to tag and returns how many tokens there are: start tags,
// end tags and texts. It hands each to emit, if there is one.
func scan(b []byte, emit func(token []byte)) (int, error) {
	depth, tokens := 0, 0
	for len(b) > 0 {
		if b[0] != '<' {
			n := bytes.IndexByte(b, '<')
			if n < 0 {
				n = len(b)
			}
			if emit != nil {
				emit(b[:n])
			}
			tokens++
			b = b[n:]
			continue
		}
		n := bytes.IndexByte(b, '>')
		if n < 2 {
			return 0, errFile
		}
		switch {
		case b[1] == '/':
			depth--
		case b[1] == '?' || b[n-1] == '/':
		default:
			depth++
		}
		if depth < 0 {
			return 0, errFile
		}
		if emit != nil {
			emit(b[:n+1])
		}
		tokens++
		b = b[n+1:]
	}
	if depth != 0 {
		return 0, errFile
	}
	return tokens, nil
}

// scanInto appends every token to dst.
func scanInto(xml, dst []byte) ([]byte, error) {
	_, err := scan(xml, func(token []byte) { dst = append(dst, token...) })
	return dst, err
}
