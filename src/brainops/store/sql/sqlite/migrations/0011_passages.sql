-- Each passage of a long text has a vector of its own: texts that may be longer than one wait for those of the others.
update memory set vector_model = null
where vector_model is not null and length(cast(content as blob)) > 600;
