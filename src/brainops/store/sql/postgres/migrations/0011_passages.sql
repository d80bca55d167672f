-- Each passage of a long text has a vector of its own: texts that may be longer than one wait for those of the others.
-- A word has a character at least, so no text of fewer characters than a passage has words has several.
update memory set vector_model = null
where vector_model is not null and char_length(title) + char_length(content) >= 150;
