"""How a user's own runs are read: names, layouts, quantities, and what is wrong with them.

===============  ==============================================================================
``names``        what the name of a column says
``sources``      files, arrays, pandas and xarray objects as one kind of source
``rows``         tables: a row per run and generation, or a column per generation
``axes``         arrays, with or without names of their axes
``blocks``       what a source gives: arrays of runs and generations, and where entries are
``quantities``   columns put together: components, squares, the totals of mixtures
``checks``       what no run can have
===============  ==============================================================================
"""
