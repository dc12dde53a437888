//! Recipes and bodies against all that can be wrong with them.
