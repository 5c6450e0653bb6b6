package widget

// selection is a set of entries, by identifier so that it survives sorting and
// filtering, with a cursor and the anchor that Shift extends from.
type selection struct {
	ids            map[RowID]bool
	cursor, anchor int // rows; the cursor -1: none
	at             RowID
}

func (s *selection) has(id RowID) bool { return s.ids[id] }

func (s *selection) only(rows Rows, row int) {
	s.ids = map[RowID]bool{rows.ID(row): true}
	s.cursor, s.anchor, s.at = row, row, rows.ID(row)
}

func (s *selection) toggle(rows Rows, row int) {
	id := rows.ID(row)
	if s.ids == nil {
		s.ids = make(map[RowID]bool)
	}
	if s.ids[id] {
		delete(s.ids, id)
	} else {
		s.ids[id] = true
	}
	s.cursor, s.anchor, s.at = row, row, id
}

// extend selects from the anchor to a row; add keeps what was selected.
func (s *selection) extend(rows Rows, row int, add bool) {
	if !add || s.ids == nil {
		s.ids = make(map[RowID]bool)
	}
	from := max(0, min(s.anchor, rows.Len()-1))
	for i := min(from, row); i <= max(from, row); i++ {
		s.ids[rows.ID(i)] = true
	}
	s.cursor, s.at = row, rows.ID(row)
}

func (s *selection) all(rows Rows) {
	n := rows.Len()
	s.ids = make(map[RowID]bool, n)
	for i := range n {
		s.ids[rows.ID(i)] = true
	}
	s.anchor, s.cursor = 0, n-1
	if n > 0 {
		s.at = rows.ID(n - 1)
	}
}

// keep drops what other rows do not have, and finds the cursor's entry again.
func (s *selection) keep(rows Rows) {
	cursor := -1
	if len(s.ids) > 0 {
		still := make(map[RowID]bool, len(s.ids))
		for i := range rows.Len() {
			id := rows.ID(i)
			if s.ids[id] {
				still[id] = true
			}
			if cursor < 0 && id == s.at {
				cursor = i
			}
			if cursor >= 0 && len(still) == len(s.ids) {
				break
			}
		}
		s.ids = still
	}
	s.cursor, s.anchor = cursor, max(cursor, 0)
}

func (s *selection) inOrder(rows Rows) []RowID {
	if len(s.ids) == 1 {
		for id := range s.ids {
			return []RowID{id}
		}
	}
	var ids []RowID
	for i := 0; i < rows.Len() && len(ids) < len(s.ids); i++ {
		if id := rows.ID(i); s.ids[id] {
			ids = append(ids, id)
		}
	}
	return ids
}
