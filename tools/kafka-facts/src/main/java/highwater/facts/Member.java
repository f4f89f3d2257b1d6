package highwater.facts;

import java.lang.reflect.Field;
import java.util.TreeMap;

/** One field of a structure, over all versions. */
final class Member {
    final Field java;
    final String name;
    String type;
    /** Class of a structure that this field, or each of its elements, holds; else null. */
    Class<?> structure;
    boolean array;
    int tag = -1;
    boolean ignorable;
    String defaultText;
    /** Versions that have the field, and whether null is legal there. */
    final TreeMap<Short, Boolean> versions = new TreeMap<>();

    Member(Field java) {
        this.java = java;
        this.name = Names.snake(java.getName());
        java.setAccessible(true);
    }

    boolean in(short version) {
        return versions.containsKey(version);
    }

    boolean nullable(short version) {
        return versions.getOrDefault(version, false);
    }

    boolean everNullable() {
        return versions.containsValue(true);
    }

    Object get(Object owner) throws IllegalAccessException {
        return java.get(owner);
    }

    void set(Object owner, Object value) throws IllegalAccessException {
        java.set(owner, value);
    }
}
