"""Who carries out a task, with what memory knows, and how well has each done?"""
